package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.RowTrigger;
import dev.penumbra.ignite.internal.CommittedChange;
import dev.penumbra.model.Column;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableSchema;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.ignite.Ignite;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls users' triggers on one node: each change of a key after the one before it has been dealt with.
 *
 * <p>Safe for use by several threads.
 */
final class RowCalls {
    private static final Logger LOG = LoggerFactory.getLogger(RowCalls.class);

    private final Ignite ignite;
    private final AllowedClasses allowed;
    private final DeadLetters deadLetters;
    private final ScheduledExecutorService executor;
    private final int attempts;
    private final long pauseMillis;

    private final Map<Trigger, RowTrigger> instances = new ConcurrentHashMap<>();

    /** Calls by trigger and key that wait for the first of them, which is under way. */
    private final Map<Lane, Deque<Call>> lanes = new HashMap<>();

    private record Lane(Trigger trigger, Key key) {}

    private record Call(
            Trigger trigger,
            CommittedChange change,
            TableSchema schema,
            @Nullable Row before,
            @Nullable Row after,
            Runnable finished) {
        Lane lane() {
            return new Lane(trigger, schema.keyOf(Objects.requireNonNull(after == null ? before : after)));
        }
    }

    /**
     * @param executor runs the calls; several threads run calls of different keys at the same time
     * @param attempts how often a change is tried
     * @param pauseMillis the pause before the second attempt; it doubles with each further one
     */
    RowCalls(
            Ignite ignite,
            AllowedClasses allowed,
            DeadLetters deadLetters,
            ScheduledExecutorService executor,
            int attempts,
            long pauseMillis) {
        this.ignite = ignite;
        this.allowed = allowed;
        this.deadLetters = deadLetters;
        this.executor = executor;
        this.attempts = attempts;
        this.pauseMillis = pauseMillis;
    }

    void begin(Trigger trigger) {
        try {
            instance(trigger);
        } catch (PenumbraException e) {
            LOG.error("A trigger's changes go to the dead letters on this node: trigger={}", trigger, e);
        }
    }

    void end(Trigger trigger) {
        instances.remove(trigger);
    }

    private RowTrigger instance(Trigger trigger) {
        RowTrigger known = instances.get(trigger);
        if (known != null) {
            return known;
        }
        RowTrigger made = allowed.instance(Objects.requireNonNull(trigger.rowTrigger()));
        instances.put(trigger, made);
        return made;
    }

    /**
     * Has a change dealt with, behind those of the same key.
     *
     * @param finished called once when it has been dealt with, by the trigger or by the dead letters
     */
    void call(
            Trigger trigger,
            CommittedChange change,
            TableSchema schema,
            @Nullable Row before,
            @Nullable Row after,
            Runnable finished) {
        Call call = new Call(trigger, change, schema, before, after, finished);
        Lane lane = call.lane();
        synchronized (lanes) {
            Deque<Call> before1 = lanes.get(lane);
            if (before1 != null) {
                before1.add(call);
                return;
            }
            lanes.put(lane, new ArrayDeque<>(List.of(call)));
        }
        submit(call, 1, 0);
    }

    private void submit(Call call, int attempt, long delayMillis) {
        try {
            var unused = executor.schedule(() -> attempt(call, attempt), delayMillis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            // The node stops: the partition's next primary makes the call.
            LOG.debug("A call was not made because the node stops: trigger={}", call.trigger(), e);
        }
    }

    private void attempt(Call call, int attempt) {
        try {
            instance(call.trigger())
                    .fire(
                            call.trigger().name(),
                            call.trigger().table(),
                            row(call.schema(), call.before()),
                            row(call.schema(), call.after()),
                            new CallContext(ignite, call.change(), attempt));
        } catch (Throwable e) {
            // Errors too: a change that nobody deals with would hold back all those behind it.
            if (executor.isShutdown()) {
                return;
            }
            if (attempt < attempts
                    && !(e instanceof PenumbraException refused && refused.code() == ErrorCode.CLASS_NOT_ALLOWED)) {
                submit(call, attempt + 1, pauseMillis << Math.min(20, attempt - 1));
                return;
            }
            if (!buried(call, attempt, e)) {
                submit(call, attempt, pauseMillis << Math.min(20, attempt - 1));
                return;
            }
        }
        finish(call);
    }

    private boolean buried(Call call, int attempt, Throwable reason) {
        try {
            deadLetters.add(call.trigger(), call.change(), call.schema(), call.before(), call.after(), attempt, reason);
            return true;
        } catch (RuntimeException e) {
            LOG.warn("A dead letter could not be kept and is tried again: trigger={}", call.trigger(), e);
            return false;
        }
    }

    private void finish(Call call) {
        call.finished().run();
        Lane lane = call.lane();
        Call next;
        synchronized (lanes) {
            Deque<Call> waiting = Objects.requireNonNull(lanes.get(lane));
            waiting.poll();
            next = waiting.peek();
            if (next == null) {
                lanes.remove(lane);
            }
        }
        if (next != null) {
            submit(next, 1, 0);
        }
    }

    private static RowTrigger.@Nullable TableRow row(TableSchema schema, @Nullable Row row) {
        return row == null ? null : new SchemaRow(schema, row);
    }

    private record SchemaRow(TableSchema schema, Row row) implements RowTrigger.TableRow {
        @Override
        public @Nullable Object get(String column) {
            int ordinal = schema.ordinal(column);
            if (ordinal < 0) {
                throw new IllegalArgumentException("no column " + column + " in " + schema.name());
            }
            return row.get(ordinal);
        }

        @Override
        public List<String> columns() {
            return schema.columns().stream().map(Column::name).toList();
        }
    }

    private record CallContext(Ignite ignite, CommittedChange change, int attempt) implements RowTrigger.Context {
        @Override
        public int partition() {
            return change.partition();
        }

        @Override
        public long counter() {
            return change.counter();
        }
    }
}
