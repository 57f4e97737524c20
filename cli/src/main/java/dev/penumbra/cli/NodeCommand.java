package dev.penumbra.cli;

import dev.penumbra.bench.DistanceCommunicationSpi;
import dev.penumbra.ignite.PenumbraConfiguration;
import dev.penumbra.journal.JournalReader;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.apache.ignite.plugin.PluginConfiguration;
import org.apache.ignite.spi.communication.tcp.TcpCommunicationSpi;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeansException;
import org.springframework.context.support.FileSystemXmlApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs one Ignite node with the plugin until it is told to stop. */
@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        description = {
            "Runs one Ignite node with the plugin until it is stopped (Ctrl-C).",
            "Without --config the node keeps to this machine and joins the others that were started so.",
            "What it prints on standard output, it prints once it is ready."
        })
final class NodeCommand implements Callable<Integer> {
    static final int DISCOVERY_PORT = 47_500;

    private static final Duration LOOK_INTERVAL = Duration.ofSeconds(1);

    private final Session session;

    @Mixin
    private final Output output = new Output();

    @Option(names = "--datacenter", required = true, paramLabel = "DC", description = "The datacenter of this node.")
    private Datacenter datacenter = Datacenter.of("home");

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Spring XML with an IgniteConfiguration bean; a PenumbraConfiguration in it is kept.")
    private @Nullable Path config;

    @Option(
            names = "--journal",
            arity = "1..*",
            paramLabel = "DIR",
            description = "Journals to ship from; this node must see their files.")
    private List<Path> journals = new ArrayList<>();

    @Mixin
    private final WanOption wan = new WanOption();

    NodeCommand(Session session) {
        this.session = session;
    }

    @Override
    @SuppressWarnings("try") // Ctrl-C interrupts nobody here
    public Integer call() throws IOException {
        Duration roundTrip = wan.roundTrip();
        for (Path journal : journals) {
            if (!Files.isDirectory(journal)) {
                throw new PenumbraException(ErrorCode.JOURNAL_NOT_FOUND).with("directory", journal);
            }
            // Ignite would log the same failure with its stack.
            JournalReader.openOldest(journal).close();
        }
        Path work = Files.createTempDirectory("penumbra-node-");
        try (GridNode node = start(work, roundTrip)) {
            announce(node);
            while (!session.stop().await(LOOK_INTERVAL)) {
                // The node works on threads of its own.
            }
        } finally {
            TemporaryFiles.delete(work);
        }
        return ExitCode.OK;
    }

    private GridNode start(Path work, Duration roundTrip) {
        @Nullable Path file = config;
        IgniteConfiguration configuration = file == null
                ? GridNode.local(
                        "penumbra-" + datacenter + "-" + ProcessHandle.current().pid(),
                        DISCOVERY_PORT,
                        work,
                        // Ignite may refuse nodes whose communication is of another class.
                        roundTrip.isZero() ? new TcpCommunicationSpi() : DistanceCommunicationSpi.of(roundTrip))
                : read(file);
        if (file != null && !roundTrip.isZero()) {
            DistanceCommunicationSpi.set(configuration, roundTrip);
        }
        PenumbraConfiguration plugin = plugin(configuration).setDatacenter(datacenter.name());
        if (file == null) {
            plugin.setDataRegion(GridNode.COPIES_REGION);
        }
        if (!journals.isEmpty()) {
            plugin.setJournalDirectories(journals.stream()
                    .map(journal -> journal.toAbsolutePath().toString())
                    .toList());
        }
        return GridNode.start(configuration, plugin);
    }

    private static IgniteConfiguration read(Path file) {
        try (FileSystemXmlApplicationContext beans = new FileSystemXmlApplicationContext(
                file.toAbsolutePath().toUri().toString())) {
            return beans.getBean(IgniteConfiguration.class);
        } catch (BeansException e) {
            throw new PenumbraException(ErrorCode.INVALID_CONFIGURATION, e)
                    .with("setting", "--config")
                    .with("value", file)
                    .with("reason", e.getMostSpecificCause().getMessage());
        }
    }

    @SuppressWarnings("deprecation") // as in GridNode
    private static PenumbraConfiguration plugin(IgniteConfiguration configuration) {
        PluginConfiguration @Nullable [] given = configuration.getPluginConfigurations();
        if (given != null) {
            for (PluginConfiguration one : given) {
                if (one instanceof PenumbraConfiguration own) {
                    return own;
                }
            }
        }
        return new PenumbraConfiguration();
    }

    private void announce(GridNode node) {
        if (output.isJson()) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("node", node.ignite().name());
            document.put("datacenter", datacenter.name());
            document.put("jdbc", node.jdbcUrl());
            document.put("nodes", node.ignite().cluster().nodes().size());
            document.put("ok", true);
            output.document(document);
        } else {
            output.out()
                    .println("node " + node.ignite().name() + " is in datacenter " + datacenter + "; SQL at "
                            + node.jdbcUrl());
            output.out().flush();
        }
    }
}
