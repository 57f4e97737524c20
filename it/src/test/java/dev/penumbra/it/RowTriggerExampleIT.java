package dev.penumbra.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowTriggerExampleIT {
    private static final Path EXAMPLE = Path.of("..", "docs", "examples", "row-trigger");
    private static final long PATIENCE_SECONDS = 90;

    @Test
    void theExampleOfARowTrigger_compiles_andPrintsWhatItsReadmeSays(@TempDir Path directory) throws Exception {
        Path classes = Files.createDirectory(directory.resolve("classes"));
        String classPath = System.getProperty("java.class.path");
        compile(classes, classPath);

        Path output = directory.resolve("output");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + System.getProperty("penumbra.jvm.opts"),
                "-Xmx384m",
                "-cp",
                classes + java.io.File.pathSeparator + classPath,
                "com.example.balance.Main"));
        for (int port = 0; port < 3; port++) {
            command.add(Integer.toString(Ports.free()));
        }
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as(() -> "ends: " + text(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(() -> text(output)).isZero();
        List<String> printed = history(text(output));
        assertThat(printed).isNotEmpty().isEqualTo(history(Files.readString(EXAMPLE.resolve("README.md"))));
    }

    private static void compile(Path classes, String classPath) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter errors = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> found = Files.walk(EXAMPLE.resolve(Path.of("src", "main", "java")))) {
            List<Path> sources =
                    found.filter(path -> path.toString().endsWith(".java")).toList();
            List<String> options = List.of("-d", classes.toString(), "-cp", classPath, "--release", "17", "-proc:none");
            assertThat(compiler.getTask(errors, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                            .call())
                    .as(errors::toString)
                    .isTrue();
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static List<String> history(String text) {
        return text.lines().filter(line -> line.startsWith("account ")).toList();
    }
}
