package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.util.List;
import java.util.UUID;

/**
 * The SQL types that a captured column can have, each with the one Java class that carries its values.
 *
 * <p>The numeric {@link #code()} is part of the journal format: it never changes and is never reused.
 */
@Incubating
public enum SqlType {
    BOOLEAN(1, Boolean.class),
    TINYINT(2, Byte.class),
    SMALLINT(3, Short.class),
    INTEGER(4, Integer.class),
    BIGINT(5, Long.class),
    REAL(6, Float.class),
    DOUBLE(7, Double.class),
    /** {@link BigDecimal}, or {@link Double} for NaN and the infinities. */
    DECFLOAT(8, Number.class),
    DECIMAL(9, BigDecimal.class),
    CHAR(10, String.class),
    VARCHAR(11, String.class),
    /** Compared by the source without regard to letter case. */
    VARCHAR_IGNORECASE(12, String.class),
    CLOB(13, String.class),
    BINARY(14, Bytes.class),
    VARBINARY(15, Bytes.class),
    BLOB(16, Bytes.class),
    DATE(17, LocalDate.class),
    TIME(18, LocalTime.class),
    TIME_WITH_TIME_ZONE(19, OffsetTime.class),
    TIMESTAMP(20, LocalDateTime.class),
    TIMESTAMP_WITH_TIME_ZONE(21, OffsetDateTime.class),
    INTERVAL(22, Interval.class),
    UUID(23, UUID.class),
    /** The JSON text. */
    JSON(24, String.class),
    /** The label of an enumerated value. */
    ENUM(25, String.class),
    /** An unmodifiable list whose elements have the column's element type or are null. */
    ARRAY(26, List.class);

    private static final SqlType[] BY_CODE = new SqlType[27];

    static {
        for (SqlType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    private final int code;
    private final Class<?> valueClass;

    SqlType(int code, Class<?> valueClass) {
        this.code = code;
        this.valueClass = valueClass;
    }

    /** The type's number in the journal format. */
    public int code() {
        return code;
    }

    /** The class of this type's values. */
    public Class<?> valueClass() {
        return valueClass;
    }

    /**
     * The type with a given number.
     *
     * @throws PenumbraException with {@link ErrorCode#UNKNOWN_TYPE} when no type has it
     */
    public static SqlType ofCode(int code) {
        if (code <= 0 || code >= BY_CODE.length) {
            throw new PenumbraException(ErrorCode.UNKNOWN_TYPE).with("typeCode", code);
        }
        return BY_CODE[code];
    }
}
