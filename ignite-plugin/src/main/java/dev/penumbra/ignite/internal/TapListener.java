package dev.penumbra.ignite.internal;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.UUID;
import javax.cache.event.EventType;
import org.apache.ignite.IgniteException;
import org.apache.ignite.cache.query.CacheQueryEntryEvent;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.KeyCacheObject;
import org.apache.ignite.internal.processors.cache.distributed.dht.atomic.GridDhtAtomicAbstractUpdateFuture;
import org.apache.ignite.internal.processors.cache.query.continuous.CacheContinuousQueryEntry;
import org.apache.ignite.internal.processors.cache.query.continuous.CacheContinuousQueryListener;
import org.jspecify.annotations.Nullable;

/**
 * Hears of every counted change of a cache on one node.
 *
 * <p>An update of an atomic cache is told while its way to the backups has only begun; should the primary die then, it may be
 * as if it had never been. Such a change is confirmed when the future of that way is done.
 *
 * <p>The listener that Ignite sees is a proxy, because the interface is public and the class of its events is not.
 */
final class TapListener {
    private static final MethodHandle ENTRY = handle("CacheContinuousQueryEvent", "entry", CacheQueryEntryEvent.class);
    private static final MethodHandle PARTITION = ofEntry("partition");
    private static final MethodHandle KEY = ofEntry("key");
    private static final MethodHandle FORMER = ofEntry("oldValue");
    private static final MethodHandle NEXT = ofEntry("newValue");

    private final GridCacheContext<?, ?> context;
    private final UUID local;
    private final TableTap.Sink sink;

    /** What this thread has removed and not yet heard of here; at most one at a time, since an entry's lock is held. */
    private static final ThreadLocal<@Nullable CommittedChange> REMOVED = new ThreadLocal<>();

    private long[] counters = {};

    TapListener(GridCacheContext<?, ?> context, TableTap.Sink sink) {
        this.context = context;
        this.local = context.localNodeId();
        this.sink = sink;
    }

    private static MethodHandle ofEntry(String name) {
        return handle("CacheContinuousQueryEntry", name, CacheContinuousQueryEntry.class);
    }

    /** What Ignite's own package alone may ask; {@code asked} is the type that callers see. */
    private static MethodHandle handle(String type, String name, Class<?> asked) {
        try {
            Class<?> owner = Class.forName(
                    CacheContinuousQueryListener.class.getPackageName() + "." + type,
                    false,
                    CacheContinuousQueryListener.class.getClassLoader());
            Method method = owner.getDeclaredMethod(name);
            method.setAccessible(true);
            return MethodHandles.lookup()
                    .unreflect(method)
                    .asType(MethodType.methodType(
                            method.getReturnType().isPrimitive() ? method.getReturnType() : Object.class, asked));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("not the Ignite that this plugin is made for", e);
        }
    }

    private static CacheContinuousQueryEntry entry(CacheQueryEntryEvent<?, ?> event) {
        try {
            return (CacheContinuousQueryEntry) (Object) ENTRY.invokeExact((CacheQueryEntryEvent<?, ?>) event);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IgniteException(e);
        }
    }

    private static int partition(CacheContinuousQueryEntry entry) {
        try {
            return (int) PARTITION.invokeExact(entry);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IgniteException(e);
        }
    }

    /** Asks an entry; the answer is as the cache holds it, to be unwrapped by whoever has the time for that. */
    private static @Nullable Object ask(MethodHandle question, CacheContinuousQueryEntry entry) {
        try {
            return (Object) question.invokeExact(entry);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IgniteException(e);
        }
    }

    CacheContinuousQueryListener<?, ?> listener() {
        return (CacheContinuousQueryListener<?, ?>) Proxy.newProxyInstance(
                CacheContinuousQueryListener.class.getClassLoader(),
                new Class<?>[] {CacheContinuousQueryListener.class},
                this::called);
    }

    private @Nullable Object called(Object proxy, Method method, Object @Nullable [] arguments) {
        switch (method.getName()) {
            case "onEntryUpdated" -> {
                Object[] given = required(arguments);
                updated((CacheQueryEntryEvent<?, ?>) given[0], (boolean) given[1], (GridDhtAtomicAbstractUpdateFuture)
                        given[3]);
            }
            case "skipUpdateEvent" -> {
                Object[] given = required(arguments);
                CacheQueryEntryEvent<?, ?> event = (CacheQueryEntryEvent<?, ?>) given[0];
                skipped(partition(entry(event)), event.getPartitionUpdateCounter(), (boolean) given[2]);
            }
            case "skipUpdateCounter" -> {
                Object[] given = required(arguments);
                skipped((int) given[2], (long) given[3], (boolean) given[5]);
                return given[1];
            }
            case "onRegister" -> registered();
            case "oldValueRequired", "keepBinary" -> {
                return true;
            }
            case "notifyExisting", "isPrimaryOnly" -> {
                return false;
            }
            case "equals" -> {
                return proxy == required(arguments)[0];
            }
            case "hashCode" -> {
                return System.identityHashCode(proxy);
            }
            case "toString" -> {
                return "penumbra:" + context.name();
            }
            default -> {
                // What else there is concerns the queues of continuous queries.
            }
        }
        return null;
    }

    private static <T> T required(@Nullable T given) {
        return java.util.Objects.requireNonNull(given);
    }

    /** A row has left the table's storage on this thread, which holds the lock of its entry. */
    void removed(int partition, KeyCacheObject key, Object value) {
        REMOVED.remove();
        if (!TableTap.owns(context, partition)) {
            // A partition that leaves this node or comes to it anew.
            return;
        }
        @Nullable UUID primary = TableTap.primary(context, partition);
        CommittedChange removal = CommittedChange.removal(
                partition, TableTap.counter(context, partition), local.equals(primary), primary, key, value);
        REMOVED.set(removal);
        sink.arrived(removal);
    }

    private void countedHere(Object key) {
        CommittedChange removal = REMOVED.get();
        if (removal != null) {
            REMOVED.remove();
            if (removal.key().equals(key)) {
                removal.countedElsewhere();
            }
        }
    }

    private void updated(
            CacheQueryEntryEvent<?, ?> event, boolean primary, @Nullable GridDhtAtomicAbstractUpdateFuture backups) {
        if (event.getEventType() == EventType.EXPIRED) {
            // Told on one owner only; the removal of the row has been heard on each.
            return;
        }
        CacheContinuousQueryEntry entry = entry(event);
        Object key = required(ask(KEY, entry));
        @Nullable Object before = ask(FORMER, entry);
        @Nullable Object after = ask(NEXT, entry);
        if (after == null) {
            countedHere(key);
        }
        int partition = partition(entry);
        @Nullable UUID primaryNode = TableTap.primary(context, partition);
        boolean own = primary && local.equals(primaryNode);
        if (primary && !own) {
            sink.loaded(partition);
        }
        CommittedChange change = CommittedChange.counted(
                partition, event.getPartitionUpdateCounter(), own, primaryNode, key, before, after);
        if (backups == null) {
            change.confirm();
            sink.arrived(change);
            return;
        }
        sink.arrived(change);
        backups.listen(done -> {
            change.confirm();
            sink.confirmed();
        });
    }

    private void skipped(int partition, long counter, boolean primary) {
        sink.arrived(CommittedChange.none(partition, counter, primary, TableTap.primary(context, partition)));
    }

    /** Called while no update of the cache is under way on this node. */
    private void registered() {
        long[] found = new long[context.affinity().partitions()];
        for (int partition = 0; partition < found.length; partition++) {
            found[partition] = TableTap.counter(context, partition);
        }
        counters = found;
    }

    long[] countersAtRegistration() {
        return counters.clone();
    }
}
