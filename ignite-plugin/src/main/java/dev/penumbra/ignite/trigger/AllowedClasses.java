package dev.penumbra.ignite.trigger;

import dev.penumbra.ignite.RowTrigger;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import java.lang.reflect.InvocationTargetException;
import java.util.List;

/** The classes that triggers on this node may call. Immutable. */
final class AllowedClasses {
    private final List<String> names;
    private final ClassLoader loader;

    /** @param names of classes; a name that ends in {@code .*} stands for all classes of a package and those below it */
    AllowedClasses(List<String> names, ClassLoader loader) {
        this.names = List.copyOf(names);
        this.loader = loader;
    }

    /** Whether a class may be called, before anything of it is loaded. */
    private boolean allows(String name) {
        return names.stream()
                .anyMatch(allowed -> allowed.endsWith(".*")
                        ? name.startsWith(allowed.substring(0, allowed.length() - 1))
                        : allowed.equals(name));
    }

    /**
     * Makes an instance of a class.
     *
     * @throws PenumbraException with CLASS_NOT_ALLOWED when the list does not have it, CLASS_NOT_CALLABLE when it is not there,
     *     is no {@link RowTrigger} or cannot be made
     */
    RowTrigger instance(String name) {
        if (!allows(name)) {
            throw new PenumbraException(ErrorCode.CLASS_NOT_ALLOWED)
                    .with("class", name)
                    .with("setting", "triggerClasses")
                    .with("allowed", names);
        }
        try {
            return Class.forName(name, true, loader)
                    .asSubclass(RowTrigger.class)
                    .getConstructor()
                    .newInstance();
        } catch (InvocationTargetException e) {
            throw new PenumbraException(ErrorCode.CLASS_NOT_CALLABLE, e.getCause()).with("class", name);
        } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
            throw new PenumbraException(ErrorCode.CLASS_NOT_CALLABLE, e).with("class", name);
        }
    }
}
