package dev.penumbra.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** Loopback ports that nobody listens on, outside the range that the kernel gives to outgoing connections. */
final class Ports {
    private static final int FIRST = 12_000;
    private static final int COUNT = 20_000;

    private static int next = (int) (ProcessHandle.current().pid() * 97 % COUNT);

    private Ports() {}

    static synchronized int free() {
        while (true) {
            int port = FIRST + next;
            next = (next + 1) % COUNT;
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException e) {
                // Somebody has it: the next one.
            }
        }
    }
}
