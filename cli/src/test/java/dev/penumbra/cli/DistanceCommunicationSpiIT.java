package dev.penumbra.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.bench.DistanceCommunicationSpi;
import dev.penumbra.ignite.PenumbraConfiguration;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistanceCommunicationSpiIT {
    private static final int MESSAGES = 2_000;
    private static final Duration ROUND_TRIP = Duration.ofMillis(80);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    private static GridNode start(String datacenter, int port) {
        DistanceCommunicationSpi distance = DistanceCommunicationSpi.of(ROUND_TRIP);
        distance.setCutDirectory(directory.toString());
        return GridNode.start(
                GridNode.local(datacenter, port, directory.resolve(datacenter), distance),
                new PenumbraConfiguration().setDatacenter(datacenter).setDataRegion(GridNode.COPIES_REGION));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Math.min(socket.getLocalPort(), 65_000);
        }
    }

    @Test
    void messagesToAnotherDatacenter_arriveLate_inTheOrderInWhichTheyWereSent_andNotWhileItIsCutOff()
            throws IOException {
        int port = freePort();
        Queue<Integer> arrived = new ConcurrentLinkedQueue<>();
        Queue<Long> moments = new ConcurrentLinkedQueue<>();
        try (GridNode home = start("home", port);
                GridNode eu = start("eu", port)) {
            eu.ignite().message().localListen("numbers", (node, number) -> {
                moments.add(System.nanoTime());
                arrived.add((Integer) number);
                return true;
            });
            var far = home.ignite().message(home.ignite().cluster().forRemotes());
            long begun = System.nanoTime();
            for (int i = 0; i < MESSAGES; i++) {
                far.sendOrdered("numbers", i, 0);
            }
            Awaitility.await().atMost(PATIENCE).until(() -> arrived.size() == MESSAGES);
            assertThat(List.copyOf(arrived))
                    .isEqualTo(IntStream.range(0, MESSAGES).boxed().toList());
            assertThat(moments.element() - begun).isGreaterThanOrEqualTo(ROUND_TRIP.toNanos() / 2);

            Path cut = Files.createFile(directory.resolve("eu.cut"));
            far.sendOrdered("numbers", MESSAGES, 0);
            Awaitility.await()
                    .during(ROUND_TRIP.multipliedBy(5))
                    .atMost(PATIENCE)
                    .until(() -> arrived.size() == MESSAGES);
            Files.delete(cut);
            Awaitility.await().atMost(PATIENCE).until(() -> arrived.size() > MESSAGES);
        }
    }
}
