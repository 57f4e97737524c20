package dev.penumbra.ignite;

import dev.penumbra.affinity.DatacenterNodes;
import dev.penumbra.model.Key;
import dev.penumbra.model.Position;
import dev.penumbra.shadow.read.Finding;
import dev.penumbra.shadow.read.Validations;
import dev.penumbra.shadow.read.Validator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.apache.ignite.cluster.ClusterNode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries what reads have found to the home datacenter, and back whether it is the same there. Messages of Ignite's, each an array: a
 * question's number, and either the answer or an array of findings,
 *
 * <pre>
 * table | journal | epoch | sequence                                of a statement
 * table | journal | array of keys' values | epochs | sequences      of rows
 * </pre>
 *
 * <p>Safe for use by several threads. Messages are taken without waiting.
 */
final class ValidationLine implements Validations.Line, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ValidationLine.class);
    private static final String TOPIC = "penumbra.validations";

    private final ShippingContext context;
    private final Heartbeat heartbeat;
    private volatile boolean closed;

    ValidationLine(ShippingContext context, Heartbeat heartbeat) {
        this.context = context;
        this.heartbeat = heartbeat;
    }

    /**
     * Begins to take messages.
     *
     * @param validator answers questions of other nodes
     * @param answered takes answers
     */
    void listen(Validator validator, BiConsumer<Long, Boolean> answered) {
        context.ignite().message().localListen(TOPIC, (from, message) -> {
            try {
                Object[] parts = (Object[]) message;
                long number = (Long) parts[0];
                if (parts[1] instanceof Boolean same) {
                    answered.accept(number, same);
                } else {
                    validate(validator, from, number, findings((Object[]) parts[1]));
                }
            } catch (RuntimeException e) {
                // Whoever asks asks again.
                LOG.warn("A message of another node could not be dealt with: node={}", from, e);
            }
            return !closed;
        });
    }

    private void validate(Validator validator, UUID from, long number, List<Finding> findings) {
        CompletableFuture<Boolean> same = validator.validate(findings);
        var unused = same.whenComplete((found, failure) -> {
            if (failure != null) {
                LOG.debug("A read could not be validated: node={}", from, failure);
            }
            send(from, new Object[] {number, failure == null && found});
        });
        heartbeat.after(context.configuration().readPatience().toNanos(), () -> same.complete(false));
    }

    @Override
    public void send(long number, List<Finding> findings) {
        List<ClusterNode> home = DatacenterNodes.in(context.ignite().cluster(), context.home()).nodes().stream()
                .filter(node -> node.attribute(PenumbraPluginProvider.SETTINGS) != null)
                .toList();
        if (!home.isEmpty()) {
            // One that does not answer is not asked twice in a row.
            send(home.get((int) (number % home.size())).id(), new Object[] {number, parts(findings)});
        }
    }

    private void send(UUID node, Object[] message) {
        NodeMessages.send(context.ignite(), node, TOPIC, message);
    }

    private static Object[] parts(List<Finding> findings) {
        return findings.stream()
                .map(finding -> finding instanceof Finding.Rows rows ? parts(rows) : parts((Finding.Statement) finding))
                .toArray();
    }

    private static Object[] parts(Finding.Statement found) {
        return new Object[] {
            found.table(),
            found.journal(),
            found.applied().epoch(),
            found.applied().sequence()
        };
    }

    private static Object[] parts(Finding.Rows found) {
        int count = found.rows().size();
        Object[] keys = new Object[count];
        int[] epochs = new int[count];
        long[] sequences = new long[count];
        int i = 0;
        for (Map.Entry<Key, Position> row : found.rows().entrySet()) {
            Object[] values = new Object[row.getKey().size()];
            for (int value = 0; value < values.length; value++) {
                values[value] = row.getKey().get(value);
            }
            keys[i] = values;
            epochs[i] = row.getValue().epoch();
            sequences[i++] = row.getValue().sequence();
        }
        return new Object[] {found.table(), found.journal(), keys, epochs, sequences};
    }

    private static List<Finding> findings(Object[] parts) {
        List<Finding> findings = new ArrayList<>();
        for (Object part : parts) {
            Object[] finding = (Object[]) part;
            String table = (String) finding[0];
            UUID journal = (UUID) finding[1];
            if (finding[2] instanceof Integer epoch) {
                findings.add(new Finding.Statement(table, journal, new Position(epoch, (Long) finding[3])));
            } else {
                findings.add(rows(table, journal, (Object[]) finding[2], (int[]) finding[3], (long[]) finding[4]));
            }
        }
        return findings;
    }

    private static Finding rows(String table, UUID journal, Object[] keys, int[] epochs, long[] sequences) {
        Map<Key, Position> rows = new HashMap<>();
        for (int i = 0; i < keys.length; i++) {
            rows.put(Key.of((Object[]) keys[i]), new Position(epochs[i], sequences[i]));
        }
        return new Finding.Rows(table, journal, rows);
    }

    @Override
    public void close() {
        closed = true;
    }
}
