package io.serialtrail.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Avro in Confluent's wire format: a zero byte, the schema's id in four bytes (big-endian), the datum. This is
 * all a serializer library would do for a partner; with it this example runs against any registry that
 * speaks Confluent's API, with nothing but Apache's libraries.
 */
final class Wire {
  private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private final String registry;
  private final Map<Integer, Schema> byId = new HashMap<>();

  Wire(String registry) {
    this.registry = registry.replaceAll("/+$", "");
  }

  /** The id under which the deployment registered this schema; its subject is its full name. */
  int idOf(Schema schema, String text) throws IOException, InterruptedException {
    // Compared as schema, not as text. Only looked up: a partner registers nothing.
    var uri = URI.create(registry + "/subjects/" + schema.getFullName() + "?normalize=true");
    var body = json.writeValueAsString(Map.of("schema", text));
    var request = HttpRequest.newBuilder(uri).header("Content-Type", CONTENT_TYPE);
    return answer(request.POST(HttpRequest.BodyPublishers.ofString(body)).build()).get("id").asInt();
  }

  static byte[] encode(int id, GenericRecord record) throws IOException {
    var out = new ByteArrayOutputStream();
    out.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }

  /** The record of a value, read with the schema it was written with. */
  GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    if (value == null || value.length < 5 || value[0] != 0) {
      throw new IOException("not in Confluent's wire format");
    }
    Schema schema = schemaOf(ByteBuffer.wrap(value, 1, 4).getInt());
    var decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
    return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
  }

  private Schema schemaOf(int id) throws IOException, InterruptedException {
    Schema known = byId.get(id);
    if (known == null) {
      var request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).GET().build();
      known = new Schema.Parser().parse(answer(request).get("schema").asText());
      byId.put(id, known);
    }
    return known;
  }

  private JsonNode answer(HttpRequest request) throws IOException, InterruptedException {
    var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException(request.uri() + " answered " + answer.statusCode() + ": " + answer.body());
    }
    return json.readTree(answer.body());
  }
}
