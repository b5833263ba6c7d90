import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes the lines of files to a topic of Kafka, as the Kafka action of a rule does: the device as the key. Each line begins with its key and a tab. Arguments:
 * brokers, topic, files. The topic is made anew, with four partitions.
 */
public class ToKafka {
  public static void main(String[] args) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", args[0], "acks", "all");
    try (Admin admin = Admin.create(config)) {
      admin.createTopics(List.of(new NewTopic(args[1], 4, (short) 1))).all().get();
    }
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      for (int i = 2; i < args.length; i++)
        for (String line : Files.readAllLines(Path.of(args[i]), StandardCharsets.UTF_8)) {
          int tab = line.indexOf('\t');
          producer.send(new ProducerRecord<>(args[1], line.substring(0, tab), line.substring(tab + 1)), (written, failed) -> {
            if (failed != null) {
              failed.printStackTrace();
              System.exit(1);
            }
          });
        }
    }
    System.exit(0);
  }
}
