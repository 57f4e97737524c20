package dev.penumbra.model;

import dev.penumbra.model.api.Incubating;

/**
 * A SQL interval value.
 *
 * <p>The magnitude is split as SQL writes it: {@code leading} counts whole units of the qualifier's first field,
 * {@code remaining} counts what is left in the unit of its last field, and that unit is the nanosecond where the last
 * field is the second.
 *
 * @param qualifier the fields that the interval has
 * @param negative whether the interval is below zero
 * @param leading whole units of the first field, not negative
 * @param remaining the rest in units of the last field, not negative; for a qualifier of the single field SECOND the
 *     nanoseconds, for another single field 0
 */
@Incubating
public record Interval(Qualifier qualifier, boolean negative, long leading, long remaining) {
    /** The fields of an interval. The numeric {@link #code()} is part of the journal format and never reused. */
    public enum Qualifier {
        YEAR(1),
        MONTH(2),
        DAY(3),
        HOUR(4),
        MINUTE(5),
        SECOND(6),
        YEAR_TO_MONTH(7),
        DAY_TO_HOUR(8),
        DAY_TO_MINUTE(9),
        DAY_TO_SECOND(10),
        HOUR_TO_MINUTE(11),
        HOUR_TO_SECOND(12),
        MINUTE_TO_SECOND(13);

        private static final Qualifier[] BY_CODE = values();

        private final int code;

        Qualifier(int code) {
            this.code = code;
        }

        /** The qualifier's number in the journal format. */
        public int code() {
            return code;
        }

        /**
         * The qualifier with a given number.
         *
         * @throws PenumbraException with {@link ErrorCode#UNKNOWN_TYPE} when no qualifier has it
         */
        public static Qualifier ofCode(int code) {
            if (code < 1 || code > BY_CODE.length) {
                throw new PenumbraException(ErrorCode.UNKNOWN_TYPE).with("intervalCode", code);
            }
            return BY_CODE[code - 1];
        }

        /** The qualifier as SQL spells it, for example {@code DAY TO SECOND}. */
        public String sql() {
            return name().replace('_', ' ');
        }
    }

    public Interval {
        if (leading < 0 || remaining < 0) {
            throw new IllegalArgumentException("interval parts must not be negative");
        }
    }

    /** A SQL literal, for example {@code INTERVAL '-1-02' YEAR TO MONTH}. */
    @Override
    public String toString() {
        String sign = negative ? "-" : "";
        String body = switch (qualifier) {
            case YEAR, MONTH, DAY, HOUR, MINUTE -> Long.toString(leading);
            case SECOND -> leading + fraction(remaining);
            case YEAR_TO_MONTH -> leading + "-" + remaining;
            case DAY_TO_HOUR -> leading + " " + two(remaining);
            case DAY_TO_MINUTE -> leading + " " + two(remaining / 60) + ":" + two(remaining % 60);
            case DAY_TO_SECOND -> {
                long seconds = remaining / NANOS;
                yield leading + " " + two(seconds / 3600) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60)
                        + fraction(remaining % NANOS);
            }
            case HOUR_TO_MINUTE -> leading + ":" + two(remaining);
            case HOUR_TO_SECOND -> {
                long seconds = remaining / NANOS;
                yield leading + ":" + two(seconds / 60) + ":" + two(seconds % 60) + fraction(remaining % NANOS);
            }
            case MINUTE_TO_SECOND -> leading + ":" + two(remaining / NANOS) + fraction(remaining % NANOS);
        };
        return "INTERVAL '" + sign + body + "' " + qualifier.sql();
    }

    private static final long NANOS = 1_000_000_000L;

    private static String two(long value) {
        return value < 10 ? "0" + value : Long.toString(value);
    }

    private static String fraction(long nanos) {
        if (nanos == 0) {
            return "";
        }
        String digits = String.format("%09d", nanos);
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') {
            end--;
        }
        return "." + digits.substring(0, end);
    }
}
