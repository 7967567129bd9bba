// Adds up what each account has ordered, from the topic `orders`, with kafka-clients: java -cp ... ConsumeOrders.java STATE_FILE
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;

public class ConsumeOrders {
    static final Map<String, Integer> SIGNS = Map.of("ordercast.order.placed.v1", 1, "ordercast.order.cancelled.v1", -1);
    static final ObjectMapper JSON = new ObjectMapper();

    /** Counts a record once: repeats are known by their number, and a missing number by the next one. */
    static void apply(ObjectNode state, ConsumerRecord<String, byte[]> record) throws Exception {
        ((ObjectNode) state.get("positions")).put("" + record.partition(), record.offset() + 1);
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) headers.put(header.key(), new String(header.value(), "UTF-8"));
        ObjectNode streams = (ObjectNode) state.get("streams"), quantities = (ObjectNode) state.get("quantities");
        String stream = record.partition() + " " + headers.get("ce_producer");
        long number = Long.parseLong(headers.get("ce_sequence")), last = streams.path(stream).asLong(0);
        // A replay is of a record that Ordercast's own worker refused, and that was read here.
        if (number <= last || headers.get("ce_producer").startsWith("replay:")) return;
        streams.put(stream, number);
        if (number > last + 1 && headers.get("ce_numbering").equals("dense")) {
            String gap = stream + ": " + (last + 1) + " to " + (number - 1);
            state.withArray("gaps").add(gap);
            System.err.println("gap " + gap);
        }
        Integer sign = SIGNS.get(headers.get("ce_type"));
        if (sign == null) return; // types that it does not know are passed over
        JsonNode event = JSON.readTree(record.value());
        long pieces = 0;
        for (JsonNode item : event.get("items")) pieces += sign * item.get("quantity").asLong();
        String account = event.get("account_id").asText();
        quantities.put(account, quantities.path(account).asLong(0) + pieces);
    }

    /** Position and result in one step: after a kill either both are there or neither. */
    static void save(ObjectNode state, Path file) throws Exception {
        Path fresh = Path.of(file + ".new");
        Files.write(fresh, JSON.writeValueAsBytes(state));
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) { channel.force(true); }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> env = System.getenv();
        Path file = Path.of(arguments[0]);
        String empty = "{\"positions\": {}, \"streams\": {}, \"quantities\": {}, \"gaps\": []}";
        ObjectNode state = (ObjectNode) JSON.readTree(Files.exists(file) ? Files.readString(file) : empty);
        Properties settings = new Properties();
        settings.put("bootstrap.servers", env.get("ORDERCAST_KAFKA_BOOTSTRAP"));
        settings.put("security.protocol", env.getOrDefault("ORDERCAST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"));
        settings.put("sasl.mechanism", "SCRAM-SHA-512");
        settings.put("sasl.jaas.config", String.format(
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"%s\" password=\"%s\";",
            env.get("ORDERCAST_KAFKA_USERNAME"), env.get("ORDERCAST_KAFKA_PASSWORD")));
        if (env.containsKey("ORDERCAST_KAFKA_CA")) {
            settings.put("ssl.truststore.type", "PEM");
            settings.put("ssl.truststore.location", env.get("ORDERCAST_KAFKA_CA"));
        }
        settings.put("enable.auto.commit", "false");
        // A position that the log does not have is an error: by default it would go on at the end.
        settings.put("auto.offset.reset", "none");
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            consumer.partitionsFor("orders").forEach(one -> partitions.add(new TopicPartition("orders", one.partition())));
            consumer.assign(partitions);
            for (TopicPartition one : partitions)
                consumer.seek(one, state.get("positions").path("" + one.partition()).asLong(0));
            while (true) {
                var records = consumer.poll(Duration.ofSeconds(1));
                for (var record : records) apply(state, record);
                if (!records.isEmpty()) save(state, file);
            }
        }
    }
}
