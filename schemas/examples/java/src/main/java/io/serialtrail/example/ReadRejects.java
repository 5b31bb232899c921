package io.serialtrail.example;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints what was refused of your events, topic partner.&lt;party&gt;.rejects, one JSON object a line, originals
 * put together from their parts. Reads everything the topic has and ends; with --follow it goes on.
 */
public final class ReadRejects {
  private static final String USAGE =
      "usage: ReadRejects --party GLN|NAME [--brokers HOST:PORT] [--registry URL] [--follow]";

  private static final List<String> SHOWN =
      List.of(
          "reject_id", "stage", "reason", "message", "place", "event_id", "unit", "path", "capture_id",
          "source_topic", "source_partition", "source_offset");

  private final ObjectMapper json = new ObjectMapper();
  private final Map<String, TreeMap<Integer, byte[]>> open = new HashMap<>();
  private final Set<String> told = new HashSet<>();
  private final Wire wire;

  private ReadRejects(Wire wire) {
    this.wire = wire;
  }

  public static void main(String[] words) throws Exception {
    var options = Set.of("--party", "--brokers", "--registry");
    var given = Arguments.of(words, USAGE, options, Set.of("--follow"));
    String topic = "partner." + given.or("--party", "") + ".rejects";
    var settings = new Properties();
    settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, given.or("--brokers", Arguments.BROKERS));
    // Rejects are written in transactions: what is not committed is not yet said.
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    var rejects = new ReadRejects(new Wire(given.or("--registry", Arguments.REGISTRY)));
    try (var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      var partitions = new ArrayList<TopicPartition>();
      var found = consumer.listTopics(Duration.ofSeconds(10)).get(topic);
      if (found == null) {
        System.err.println(topic + ": there is no such topic");
        System.exit(1);
      }
      found.forEach(one -> partitions.add(new TopicPartition(topic, one.partition())));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      var ends = consumer.endOffsets(partitions);
      while (given.has("--follow")
          || partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          rejects.read(record.value());
        }
      }
    }
    for (String id : rejects.open.keySet()) {
      System.err.println(id + ": not all of its parts are in the topic any more");
    }
  }

  private void read(byte[] value) throws Exception {
    GenericRecord row = wire.decode(value);
    String id = row.get("reject_id").toString();
    String name = id + " of " + row.get("capture_id");
    var parts = open.computeIfAbsent(name, unknown -> new TreeMap<>());
    parts.put((Integer) row.get("part"), bytes((ByteBuffer) row.get("original")));
    if (parts.size() < (Integer) row.get("parts")) {
      return;
    }
    open.remove(name);
    if (!told.add(id)) {
      return; // the same input was sent twice
    }
    var whole = new ByteArrayOutputStream();
    for (byte[] part : parts.values()) {
      whole.write(part);
    }
    var line = json.createObjectNode();
    for (String field : SHOWN) {
      line.set(field, json.valueToTree(plain(row.get(field))));
    }
    long micros = (Long) row.get("record_time");
    line.put("record_time", Instant.EPOCH.plus(micros, ChronoUnit.MICROS).toString());
    line.put("original_bytes", whole.size());
    try {
      line.set("original", json.readTree(wire.decode(whole.toByteArray()).toString()));
    } catch (Exception unreadable) { // whatever is wrong with it: it was refused
      line.put("original_hex", HexFormat.of().formatHex(whole.toByteArray()));
    }
    System.out.println(line);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return copy;
  }

  private static Object plain(Object value) {
    if (value instanceof CharSequence text) {
      return text.toString();
    }
    if (value instanceof List<?> list) {
      return list.stream().map(Object::toString).toList();
    }
    return value;
  }
}
