package dev.penumbra.cli;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Prints what a program must have on its class path to use a module. */
@Command(
        name = "classpath",
        mixinStandardHelpOptions = true,
        description = {
            "Prints the class path that a program needs to use a module, for java -cp.",
            "What the program brings itself is left out: H2 for h2-triggers, Ignite for ignite-plugin."
        })
final class ClasspathCommand implements Callable<Integer> {
    private static final String DEFAULT_MODULE = "cli";

    private final Session session;

    @Mixin
    private final Output output = new Output();

    @Parameters(
            arity = "0..1",
            paramLabel = "MODULE",
            description = "The module, for example h2-triggers or ignite-plugin; by default the command itself.")
    private String module = DEFAULT_MODULE;

    ClasspathCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() throws IOException {
        List<String> entries = entries();
        PrintWriter out = output.out();
        if (output.isJson()) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("module", module);
            document.put("classPath", entries);
            output.document(document);
        } else {
            out.println(String.join(File.pathSeparator, entries));
        }
        out.flush();
        return ExitCode.OK;
    }

    private List<String> entries() throws IOException {
        @Nullable Path home = session.home();
        if (home == null) {
            throw new PenumbraException(ErrorCode.NOT_SUPPORTED)
                    .with("reason", "the command was not started by the launcher at the root of a checkout");
        }
        Path target = home.resolve(module).resolve("target");
        Path classPath = target.resolve("penumbra.classpath");
        Path jar = target.resolve("penumbra-" + module + "-" + BuildVersion.current() + ".jar");
        if (!module.matches("[a-z0-9-]+") || !Files.exists(classPath) || !Files.exists(jar)) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION)
                    .with("setting", "MODULE")
                    .with("value", module)
                    .with("modules", String.join(" ", modules(home)));
        }
        List<String> entries = new ArrayList<>();
        entries.add(jar.toString());
        Arrays.stream(Files.readString(classPath).strip().split(File.pathSeparator))
                .filter(entry -> !entry.isEmpty())
                .forEach(entries::add);
        return entries;
    }

    private static List<String> modules(Path home) throws IOException {
        try (Stream<Path> below = Files.list(home)) {
            return below.filter(path -> Files.exists(path.resolve("pom.xml")))
                    .map(path -> path.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }
}
