package dev.penumbra.ignite.internal;

import dev.penumbra.model.api.Internal;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.ignite.Ignite;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.metric.MetricRegistryImpl;
import org.apache.ignite.internal.processors.metric.impl.HistogramMetricImpl;
import org.apache.ignite.internal.util.typedef.internal.U;
import org.apache.ignite.spi.metric.jmx.MetricRegistryMBean;
import org.apache.ignite.spi.systemview.view.SystemViewRowAttributeWalker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node tells about itself: groups of figures, each a metric registry {@code penumbra.*} and a bean of group
 * {@code Penumbra}, and views in SQL schema {@code SYS}.
 *
 * <p>Safe for use by several threads. Suppliers are called by whoever looks and must not wait.
 */
@Internal
public final class Figures implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Figures.class);
    private static final String PREFIX = "penumbra.";
    private static final String BEAN_GROUP = "Penumbra";

    private final IgniteEx ignite;
    private final Map<String, ObjectName> beans = new ConcurrentHashMap<>();

    public Figures(Ignite ignite) {
        this.ignite = (IgniteEx) ignite;
    }

    /** Figures that belong together. */
    public static final class Group {
        private final MetricRegistryImpl registry;

        private Group(MetricRegistryImpl registry) {
            this.registry = registry;
        }

        /** Adds a whole number. */
        public Group number(String name, LongSupplier value, String description) {
            registry.register(name, value, description);
            return this;
        }

        /** Adds a fractional number. */
        public Group ratio(String name, DoubleSupplier value, String description) {
            registry.register(name, value, description);
            return this;
        }

        /** Adds a text. */
        public Group text(String name, Supplier<String> value, String description) {
            registry.register(name, value, String.class, description);
            return this;
        }

        /** Adds counts of values by size and returns what takes the values. */
        public java.util.function.LongConsumer histogram(String name, long[] bounds, String description) {
            HistogramMetricImpl histogram = registry.histogram(name, bounds, description);
            return histogram::value;
        }
    }

    /**
     * A column of a view.
     *
     * @param name the column in camel case; SQL shows {@code appliedEpoch} as {@code APPLIED_EPOCH}
     * @param type {@code String}, {@code Long} or {@code Double}
     * @param value reads the column from a row
     */
    public record Column<R, T>(String name, Class<T> type, Function<R, @Nullable T> value) {}

    /** Adds a group under a name, replacing an earlier one of that name. */
    public Group group(String name) {
        remove(name);
        MetricRegistryImpl registry = ignite.context().metric().registry(PREFIX + name);
        registerBean(name, registry);
        return new Group(registry);
    }

    private void registerBean(String name, MetricRegistryImpl registry) {
        if (U.IGNITE_MBEANS_DISABLED) {
            return;
        }
        try {
            ObjectName bean = U.registerMBean(
                    ignite.configuration().getMBeanServer(),
                    ignite.name(),
                    BEAN_GROUP,
                    name,
                    new MetricRegistryMBean(registry),
                    MetricRegistryMBean.class);
            beans.put(name, bean);
        } catch (JMException e) {
            LOG.warn("A bean could not be registered: name={}", name, e);
        }
    }

    /** Removes a group. */
    public void remove(String name) {
        ObjectName bean = beans.remove(name);
        if (bean == null) {
            return;
        }
        ignite.context().metric().remove(PREFIX + name);
        try {
            ignite.configuration().getMBeanServer().unregisterMBean(bean);
        } catch (JMException e) {
            LOG.debug("A bean was gone already: name={}", name, e);
        }
    }

    /** Adds a view; {@code shadows} becomes {@code SYS.PENUMBRA_SHADOWS}. */
    public <R> void view(String name, String description, List<Column<R, ?>> columns, Supplier<Collection<R>> rows) {
        ignite.context()
                .systemView()
                .registerView(PREFIX + name, description, new ColumnWalker<>(columns), rows, Function.identity());
    }

    /** Removes all groups. */
    @Override
    public void close() {
        for (String name : List.copyOf(beans.keySet())) {
            remove(name);
        }
    }

    private record ColumnWalker<R>(List<Column<R, ?>> columns) implements SystemViewRowAttributeWalker<R> {
        @Override
        public int count() {
            return columns.size();
        }

        @Override
        public void visitAll(AttributeVisitor visitor) {
            for (int i = 0; i < columns.size(); i++) {
                visitor.accept(i, columns.get(i).name(), columns.get(i).type());
            }
        }

        @Override
        public void visitAll(R row, AttributeWithValueVisitor visitor) {
            for (int i = 0; i < columns.size(); i++) {
                visit(i, columns.get(i), row, visitor);
            }
        }

        private static <R, T> void visit(int index, Column<R, T> column, R row, AttributeWithValueVisitor visitor) {
            visitor.accept(index, column.name(), column.type(), column.value().apply(row));
        }
    }
}
