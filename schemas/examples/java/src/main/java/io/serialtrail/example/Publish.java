package io.serialtrail.example;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Publishes events to your partner topic, partner.&lt;party&gt;: one a line of --file (or the sample), as a
 * JSON object with the fields of PartnerEvent.avsc. Times are ISO 8601 with a zone; event_time_zone_offset
 * may be left out, the zone of event_time is taken.
 *
 * <p>Exit code 0: every event was written. 1: at least one was not. 2: a line is no event.
 */
public final class Publish {
  private static final String USAGE =
      "usage: Publish --party GLN|NAME [--brokers HOST:PORT] [--registry URL] [--file EVENTS.ndjson]\n"
          + "               [--compression none|gzip|snappy|lz4|zstd] [--record-time ISO8601]\n"
          + "  --record-time only to import old events into a deployment in replay clock";

  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] words) throws Exception {
    var options =
        Set.of("--party", "--brokers", "--registry", "--file", "--compression", "--record-time");
    var given = Arguments.of(words, USAGE, options, Set.of());
    String text = new String(resource("PartnerEvent.avsc").readAllBytes(), StandardCharsets.UTF_8);
    Schema schema = new Schema.Parser().parse(text);
    List<GenericRecord> events = read(given, schema);
    int id;
    try {
      id = new Wire(given.or("--registry", Arguments.REGISTRY)).idOf(schema, text);
    } catch (IOException error) {
      System.err.println("the schema's id is not known, nothing was sent: " + error);
      System.exit(1);
      return;
    }

    var settings = new Properties();
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, given.or("--brokers", Arguments.BROKERS));
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true"); // acks=all, no doubles on a repeat
    settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, given.or("--compression", "zstd"));
    settings.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 8 * 1024 * 1024);

    String topic = "partner." + given.or("--party", "");
    var written = new AtomicInteger();
    try (var producer =
        new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer())) {
      for (GenericRecord event : events) {
        Object eventId = event.get("event_id");
        // Any key will do, none too: the default partitioner spreads them.
        String key = eventId == null ? null : eventId.toString();
        var record = new ProducerRecord<>(topic, key, Wire.encode(id, event));
        if (given.has("--record-time")) {
          byte[] at = given.or("--record-time", "").getBytes(StandardCharsets.UTF_8);
          record.headers().add("Serialtrail-Record-Time", at);
        }
        producer.send(
            record,
            (metadata, error) -> {
              if (error == null) {
                written.incrementAndGet();
              } else {
                System.err.println("not written: " + error);
              }
            });
      }
      producer.flush();
    }
    System.out.printf("%d of %d events written to %s%n", written.get(), events.size(), topic);
    System.exit(written.get() == events.size() ? 0 : 1);
  }

  private static InputStream resource(String name) throws IOException {
    var found = Publish.class.getResourceAsStream("/" + name);
    if (found == null) {
      throw new IOException(name + " is not in this program's jar");
    }
    return found;
  }

  /** Every event of the file; ends the program at the first line that is none, before anything is sent. */
  private static List<GenericRecord> read(Arguments given, Schema schema) throws IOException {
    String file = given.or("--file", null);
    InputStream in = file == null ? resource("events.ndjson") : Files.newInputStream(Path.of(file));
    var events = new ArrayList<GenericRecord>();
    int number = 0;
    try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null; ) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        try {
          events.add(event(line, schema));
        } catch (RuntimeException | IOException error) {
          System.err.println((file == null ? "sample" : file) + ":" + number + ": no event: " + error.getMessage());
          System.exit(2);
        }
      }
    }
    return events;
  }

  private static GenericRecord event(String line, Schema schema) throws IOException {
    if (!(JSON.readTree(line) instanceof ObjectNode object)) {
      throw new IOException("a JSON object is expected");
    }
    if (!object.has("event_time_zone_offset") && object.has("event_time")) {
      var zone = time(object.get("event_time"), "event_time ").getOffset().getId();
      object.put("event_time_zone_offset", zone.equals("Z") ? "+00:00" : zone);
    }
    return (GenericRecord) value(object, schema, "");
  }

  /** A JSON value as Avro has it; absent fields take the schema's defaults. */
  private static Object value(JsonNode json, Schema schema, String place) {
    switch (schema.getType()) {
      case UNION: // null or one other
        return json.isNull() ? null : value(json, schema.getTypes().get(1), place);
      case STRING:
        return require(json.isTextual(), json, place, "a string").asText();
      case INT:
        return require(json.isInt(), json, place, "a number").asInt();
      case DOUBLE:
        return require(json.isNumber(), json, place, "a number").asDouble();
      case LONG: // every long of this schema is a time
        Instant at = time(json, place).toInstant();
        return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000L), at.getNano() / 1000);
      case ARRAY:
        require(json.isArray(), json, place, "a list");
        var list = new GenericData.Array<>(json.size(), schema);
        json.forEach(one -> list.add(value(one, schema.getElementType(), place + "[]")));
        return list;
      case RECORD:
        require(json.isObject(), json, place, "an object");
        var record = new GenericRecordBuilder(schema);
        json.fields()
            .forEachRemaining(
                field -> {
                  Schema.Field declared = schema.getField(field.getKey());
                  if (declared == null) {
                    throw new IllegalArgumentException("no field is called " + place + field.getKey());
                  }
                  String inside = place + field.getKey() + " ";
                  record.set(declared, value(field.getValue(), declared.schema(), inside));
                });
        return record.build();
      default:
        throw new IllegalArgumentException(place + ": " + schema.getType() + " is not in the schema");
    }
  }

  private static OffsetDateTime time(JsonNode json, String place) {
    try {
      return OffsetDateTime.parse(json.asText());
    } catch (DateTimeParseException error) {
      throw new IllegalArgumentException(place + "is " + json + ", expected a time with a zone", error);
    }
  }

  private static JsonNode require(boolean holds, JsonNode json, String place, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(place + "is " + json + ", expected " + expected);
    }
    return json;
  }
}
