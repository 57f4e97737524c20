package dev.penumbra.ignite.internal;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.UUID;
import org.apache.ignite.IgniteException;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.query.continuous.CacheContinuousQueryListener;
import org.apache.ignite.internal.processors.cache.query.continuous.CacheContinuousQueryManager;

/** Listeners that hear of a cache's updates under the lock of the entry; Ignite gives them to its own package alone. */
final class UpdateListeners {
    private UpdateListeners() {}

    /** Adds a listener. When it returns, no update is under way that the listener will not hear of. */
    static void add(GridCacheContext<?, ?> context, UUID id, CacheContinuousQueryListener<?, ?> listener) {
        call(
                context,
                "registerListener",
                new Class<?>[] {UUID.class, CacheContinuousQueryListener.class, boolean.class},
                List.of(id, listener, false));
    }

    static void remove(GridCacheContext<?, ?> context, UUID id) {
        call(context, "unregisterListener", new Class<?>[] {boolean.class, UUID.class}, List.of(false, id));
    }

    private static void call(GridCacheContext<?, ?> context, String name, Class<?>[] types, List<Object> arguments) {
        try {
            Method method = CacheContinuousQueryManager.class.getDeclaredMethod(name, types);
            method.setAccessible(true);
            method.invoke(context.continuousQueries(), arguments.toArray());
        } catch (InvocationTargetException e) {
            throw new IgniteException(e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("not the Ignite that this plugin is made for", e);
        }
    }
}
