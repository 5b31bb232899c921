import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.openepcis.constants.EPCISDocumentType;
import io.openepcis.constants.EPCISVersion;
import io.openepcis.epc.eventhash.EventHashGenerator;
import io.openepcis.validation.SchemaValidator;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs a Java library over one task of the bench and prints what it took and what came out, as JSON.
 *
 * <p>usage: Peer LIBRARY TASK INPUT SECONDS REPEAT [VECTORS]
 */
public final class Peer {
  private static final com.sun.management.OperatingSystemMXBean SYSTEM =
      (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** What a library makes of one text: its results, or none where it refuses the text. */
  private interface Library {
    List<String> read(byte[] text) throws Exception;
  }

  private static List<String> hashes(byte[] document) throws Exception {
    return new EventHashGenerator()
        .fromJson(new ByteArrayInputStream(document), "sha-256")
        .subscribe()
        .asStream()
        .toList();
  }

  private static List<String> hashesOfXml(byte[] document) throws Exception {
    return new EventHashGenerator()
        .fromXml(new ByteArrayInputStream(document), "sha-256")
        .subscribe()
        .asStream()
        .toList();
  }

  /** What validates and then hashes each event of what is valid. */
  private static Library both(Library validator, Library hashes) {
    return document -> {
      List<String> valid = validator.read(document);
      return valid.isEmpty() || hashes.read(document).isEmpty() ? List.of() : valid;
    };
  }

  /** The validator's JSON schema refers to GS1's by its address on the web: the copy here answers. */
  private static void answerForTheWeb(String vectors) throws Exception {
    URL schema = Path.of(vectors, "gs1-epcis", "EPCIS-JSON-Schema.json").toUri().toURL();
    URL.setURLStreamHandlerFactory(
        protocol ->
            protocol.startsWith("http")
                ? new URLStreamHandler() {
                  @Override
                  protected URLConnection openConnection(URL address) throws IOException {
                    if (address.getPath().endsWith("/epcis-json-schema.json")) {
                      return schema.openConnection();
                    }
                    throw new IOException("not from the web: " + address);
                  }
                }
                : null);
  }

  /** Documents of EPCIS 2.0 against the schema the library ships. */
  private static Library validator(String media) {
    SchemaValidator validator = new SchemaValidator();
    return document ->
        validator
                .validate(
                    new ByteArrayInputStream(document),
                    media,
                    EPCISDocumentType.CAPTURE,
                    EPCISVersion.VERSION_2_0_0)
                .subscribe()
                .asStream()
                .findAny()
                .isEmpty()
            ? List.of("ok")
            : List.of();
  }

  private static double used() {
    return SYSTEM.getProcessCpuTime() / 1e9;
  }

  private static double measure(Library library, List<byte[]> texts, double seconds)
      throws Exception {
    double begin = used();
    for (int count = 1; ; count++) {
      for (byte[] text : texts) {
        library.read(text);
      }
      double took = used() - begin;
      if (took >= seconds) {
        return took / count;
      }
    }
  }

  /** One result a text of those to be refused: empty where the library refuses it too. */
  private static List<String> refusals(Library library, JsonNode texts) {
    List<String> results = new ArrayList<>();
    for (JsonNode text : texts) {
      String result = "";
      try {
        List<String> read = library.read(bytes(text));
        result = read.isEmpty() ? "" : read.get(0);
      } catch (Exception refused) {
        // What a library throws, it refuses.
      }
      results.add(result);
    }
    return results;
  }

  private static byte[] bytes(JsonNode text) {
    return text.asText().getBytes(StandardCharsets.UTF_8);
  }

  private static String version(Class<?> main) throws Exception {
    File jar = new File(main.getProtectionDomain().getCodeSource().getLocation().toURI());
    String number = jar.getName().replaceAll("^[^0-9]*|\\.jar$", "");
    return number + " (Java " + System.getProperty("java.version") + ")";
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 5) {
      answerForTheWeb(arguments[5]);
    }
    boolean hash = arguments[0].equals("openepcis-event-hash-generator");
    boolean xml = arguments[1].equals("xml");
    Library library =
        hash ? Peer::hashes : validator(xml ? "application/xml" : "application/ld+json");
    if (arguments[0].endsWith(" + hash")) {
      library = both(library, xml ? Peer::hashesOfXml : Peer::hashes);
    }
    ObjectMapper json = new ObjectMapper();
    JsonNode given = json.readTree(new File(arguments[2]));
    List<byte[]> texts = new ArrayList<>();
    List<String> valid = new ArrayList<>();
    for (JsonNode text : given.get("valid")) {
      texts.add(bytes(text));
      List<String> read = library.read(bytes(text));
      valid.addAll(read.isEmpty() ? List.of("") : read);
    }
    double seconds = Double.parseDouble(arguments[3]);
    measure(library, texts, 5 * seconds); // until the compiler has seen it
    List<Double> passes = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(arguments[4]); i++) {
      passes.add(measure(library, texts, seconds));
    }
    // The hash generator says nothing of what is no event.
    List<String> refused = hash ? List.of() : refusals(library, given.get("refused"));
    String version = version(hash ? EventHashGenerator.class : SchemaValidator.class);
    System.out.println(
        json.writeValueAsString(
            Map.of("version", version, "seconds_per_pass", passes, "valid", valid, "refused", refused)));
    System.exit(0);
  }
}
