package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A column's SQL type with its bounds.
 *
 * @param type the SQL type
 * @param precision characters, bytes, decimal digits or array elements the column can hold; for an interval the
 *     code of its {@link Interval.Qualifier}; 0 where the type has none
 * @param scale decimal or fractional-second digits; 0 where the type has none
 * @param element the element type of an {@link SqlType#ARRAY}, otherwise null
 */
@Incubating
public record ColumnType(
        SqlType type, long precision, int scale, @Nullable ColumnType element) {
    public ColumnType {
        if ((type == SqlType.ARRAY) != (element != null)) {
            throw new IllegalArgumentException("an array, and only an array, has an element type");
        }
    }

    /** A type without bounds. */
    public static ColumnType of(SqlType type) {
        return new ColumnType(type, 0, 0, null);
    }

    /** A type with bounds. */
    public static ColumnType of(SqlType type, long precision, int scale) {
        return new ColumnType(type, precision, scale, null);
    }

    /** Whether a value is null or has the class that this type's values have. */
    public boolean accepts(@Nullable Object value) {
        if (value == null) {
            return true;
        }
        if (!type.valueClass().isInstance(value)) {
            return false;
        }
        if (element != null && value instanceof List<?> list) {
            for (Object item : list) {
                if (!element.accepts(item)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public String toString() {
        if (type == SqlType.INTERVAL) {
            return "INTERVAL " + Interval.Qualifier.ofCode((int) precision).sql();
        }
        String bounds = precision == 0 ? "" : "(" + precision + (scale == 0 ? "" : "," + scale) + ")";
        return (element == null ? "" : element + " ") + type + bounds;
    }
}
