package dev.penumbra.ignite.trigger;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Operation;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.TableName;
import dev.penumbra.model.api.Internal;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A trigger on an Ignite table as all nodes know it.
 *
 * @param name the trigger's name, unique in the grid
 * @param table the table
 * @param cache the cache that holds the table
 * @param operations after which changes it fires: INSERT, UPDATE, DELETE or some of them
 * @param rowTrigger the class that it calls; null when it captures
 * @param createdAtMillis when it was created; tells its streams from those of an earlier trigger on the same table
 */
@Internal
public record Trigger(
        String name,
        TableName table,
        String cache,
        Set<Operation> operations,
        @Nullable String rowTrigger,
        long createdAtMillis) {
    public Trigger {
        operations = Set.copyOf(operations);
    }

    /** Whether it journals the table instead of calling somebody. */
    public boolean captures() {
        return rowTrigger == null;
    }

    /** The operations in the order of their names in SQL. */
    public String operationNames() {
        return EnumSet.copyOf(operations).stream().map(Operation::name).collect(Collectors.joining(", "));
    }

    /** The form in which the grid keeps it. */
    String text() {
        Properties properties = new Properties();
        properties.setProperty("name", name);
        properties.setProperty("schema", table.schema());
        properties.setProperty("table", table.table());
        properties.setProperty("cache", cache);
        properties.setProperty(
                "operations", operations.stream().map(Operation::name).sorted().collect(Collectors.joining(" ")));
        if (rowTrigger != null) {
            properties.setProperty("call", rowTrigger);
        }
        properties.setProperty("createdAtMillis", Long.toString(createdAtMillis));
        StringWriter text = new StringWriter();
        for (String key : properties.stringPropertyNames().stream().sorted().toList()) {
            text.append(key)
                    .append('=')
                    .append(escaped(properties.getProperty(key)))
                    .append('\n');
        }
        return text.toString();
    }

    private static String escaped(String value) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c > ' ' && c < 0x7f && c != '\\') {
                escaped.append(c);
            } else {
                escaped.append(String.format("\\u%04x", (int) c));
            }
        }
        return escaped.toString();
    }

    /** Reads the form that {@link #text()} writes. */
    static Trigger read(String text) {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(text));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        try {
            return new Trigger(
                    required(properties, "name"),
                    new TableName(required(properties, "schema"), required(properties, "table")),
                    required(properties, "cache"),
                    Arrays.stream(required(properties, "operations").split(" "))
                            .map(Operation::valueOf)
                            .collect(Collectors.toSet()),
                    properties.getProperty("call"),
                    Long.parseLong(required(properties, "createdAtMillis")));
        } catch (IllegalArgumentException e) {
            throw new PenumbraException(ErrorCode.INTERNAL, e).with("trigger", text);
        }
    }

    private static String required(Properties properties, String key) {
        @Nullable String value = properties.getProperty(key);
        if (value == null) {
            throw new IllegalArgumentException("no " + key);
        }
        return value;
    }

    @Override
    public String toString() {
        return name;
    }
}
