package dev.penumbra.ignite;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.NullMarked;

/** A process of its own that runs statements over JDBC, each as a user whose password is his name. */
@NullMarked
final class JdbcProcess {
    private static final String DONE = "done";

    private JdbcProcess() {}

    /** Runs statements, given as user and SQL by turns, and returns {@code done} or the error of each. */
    static List<String> run(int port, List<String> usersAndSql) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + System.getProperty("penumbra.jvm.opts"),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                JdbcProcess.class.getName(),
                "jdbc:ignite:thin://127.0.0.1:" + port));
        line.addAll(usersAndSql);
        Process process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> answers = new ArrayList<>();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String answer = output.readLine(); answer != null; answer = output.readLine()) {
                answers.add(answer);
            }
        }
        process.waitFor();
        return answers;
    }

    static boolean isDone(String answer) {
        return answer.equals(DONE);
    }

    public static void main(String[] arguments) {
        for (int i = 1; i < arguments.length; i += 2) {
            String user = arguments[i];
            try (Connection connection =
                            DriverManager.getConnection(arguments[0] + "?user=" + user + "&password=" + user);
                    Statement statement = connection.createStatement()) {
                statement.execute(arguments[i + 1]);
                System.out.println(DONE);
            } catch (SQLException e) {
                System.out.println(String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
            }
        }
    }
}
