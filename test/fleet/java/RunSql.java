import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs files of SQL in a Flink of this process, one after the other, each with tables of its own: "streaming" or "batch", then the file, and so on. Of each
 * SELECT it prints the rows that are left in the end, one a line, members divided by tabs, behind a line "query" with the file and the number of the query; of one
 * that fails "failed" and why.
 */
public class RunSql {
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  public static void main(String[] args) throws Exception {
    for (int i = 0; i + 1 < args.length; i += 2) run(args[i].equals("batch"), args[i + 1]);
    OUT.println("end");
    // Threads of Flink may go on for a while.
    System.exit(0);
  }

  private static void run(boolean isBatch, String file) throws Exception {
    EnvironmentSettings.Builder settings = EnvironmentSettings.newInstance();
    TableEnvironment env = TableEnvironment.create((isBatch ? settings.inBatchMode() : settings.inStreamingMode()).build());
    env.getConfig().set("parallelism.default", "2");
    env.getConfig().set("table.local-time-zone", "UTC");
    int query = 0;
    for (String sql : statements(Files.readString(Path.of(file)))) {
      if (sql.startsWith("SET ")) {
        String[] parts = sql.substring(4).replace("'", "").split("=", 2);
        env.getConfig().set(parts[0].trim(), parts[1].trim());
      } else if (sql.startsWith("SELECT")) {
        OUT.println("query\t" + file + "\t" + ++query);
        try {
          print(env, sql);
        } catch (Exception failed) {
          Throwable cause = failed;
          while (cause.getCause() != null) cause = cause.getCause();
          OUT.println("failed\t" + String.valueOf(cause).replaceAll("\\s+", " "));
        }
      } else env.executeSql(sql);
    }
  }

  private static void print(TableEnvironment env, String sql) throws Exception {
    Map<String, Integer> rows = new TreeMap<>();
    try (CloseableIterator<Row> changes = env.executeSql(sql).collect()) {
      while (changes.hasNext()) {
        Row row = changes.next();
        boolean isAdded = row.getKind() == RowKind.INSERT || row.getKind() == RowKind.UPDATE_AFTER;
        List<String> members = new ArrayList<>();
        for (int i = 0; i < row.getArity(); i++) members.add(String.valueOf(row.getField(i)));
        rows.merge(String.join("\t", members), isAdded ? 1 : -1, Integer::sum);
      }
    }
    rows.forEach((row, times) -> {
      for (int i = 0; i < times; i++) OUT.println(row);
    });
  }

  private static List<String> statements(String text) {
    StringBuilder code = new StringBuilder();
    text.lines().filter(line -> !line.strip().startsWith("--")).forEach(line -> code.append(line).append('\n'));
    List<String> statements = new ArrayList<>();
    for (String part : code.toString().split(";[ \\t]*\\n")) if (!part.isBlank()) statements.add(part.strip());
    return statements;
  }
}
