import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.openepcis.epc.eventhash.EventHashGenerator;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs a Java library over one task of the bench and prints what it took and what came out, as JSON.
 *
 * <p>usage: Peer LIBRARY TASK INPUT SECONDS REPEAT
 */
public final class Peer {
  private static final com.sun.management.OperatingSystemMXBean SYSTEM =
      (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private static double used() {
    return SYSTEM.getProcessCpuTime() / 1e9;
  }

  private static List<String> hashes(byte[] document) throws Exception {
    return new EventHashGenerator()
        .fromJson(new ByteArrayInputStream(document), "sha-256")
        .subscribe()
        .asStream()
        .toList();
  }

  private static double measure(List<byte[]> documents, double seconds) throws Exception {
    double begin = used();
    for (int count = 1; ; count++) {
      for (byte[] document : documents) {
        hashes(document);
      }
      double took = used() - begin;
      if (took >= seconds) {
        return took / count;
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    ObjectMapper json = new ObjectMapper();
    JsonNode given = json.readTree(new File(arguments[2]));
    List<byte[]> documents = new ArrayList<>();
    List<String> valid = new ArrayList<>();
    for (JsonNode text : given.get("valid")) {
      documents.add(text.asText().getBytes(StandardCharsets.UTF_8));
      valid.addAll(hashes(documents.get(documents.size() - 1)));
    }
    double seconds = Double.parseDouble(arguments[3]);
    measure(documents, 5 * seconds); // until the compiler has seen it
    List<Double> passes = new ArrayList<>();
    for (int i = 0; i < Integer.parseInt(arguments[4]); i++) {
      passes.add(measure(documents, seconds));
    }
    String file = new File(EventHashGenerator.class.getProtectionDomain().getCodeSource().getLocation().toURI()).getName();
    String version = file.replaceAll("^[^0-9]*|\\.jar$", "") + " (Java " + System.getProperty("java.version") + ")";
    System.out.println(
        json.writeValueAsString(
            Map.of("version", version, "seconds_per_pass", passes, "valid", valid, "refused", List.of())));
    System.exit(0);
  }
}
