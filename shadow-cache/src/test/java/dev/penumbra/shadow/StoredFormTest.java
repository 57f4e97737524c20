package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Interval;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TimeZone;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@NullMarked
class StoredFormTest {
    static Stream<Arguments> values() {
        ColumnType nested = new ColumnType(
                SqlType.ARRAY, 0, 0, new ColumnType(SqlType.ARRAY, 0, 0, ColumnType.of(SqlType.VARCHAR)));
        return Stream.of(
                value(SqlType.BOOLEAN, true),
                value(SqlType.TINYINT, (byte) -128),
                value(SqlType.SMALLINT, (short) -5),
                value(SqlType.INTEGER, Integer.MIN_VALUE),
                value(SqlType.BIGINT, Long.MAX_VALUE),
                value(SqlType.REAL, Float.MIN_VALUE),
                value(SqlType.DOUBLE, Double.NaN),
                value(SqlType.DECFLOAT, new BigDecimal("1E+30")),
                value(SqlType.DECFLOAT, Double.NEGATIVE_INFINITY),
                value(SqlType.DECIMAL, new BigDecimal("-12.3400")),
                value(SqlType.CHAR, "a  "),
                value(SqlType.VARCHAR, ""),
                value(SqlType.VARCHAR_IGNORECASE, "aB"),
                value(SqlType.CLOB, "x".repeat(10_000)),
                value(SqlType.BINARY, Bytes.of((byte) 0, (byte) -1)),
                value(SqlType.BLOB, Bytes.of()),
                value(SqlType.DATE, LocalDate.of(1582, 10, 10)),
                value(SqlType.DATE, LocalDate.of(9999, 12, 31)),
                value(SqlType.DATE, LocalDate.of(-44, 3, 15)),
                value(SqlType.TIME, LocalTime.MIDNIGHT),
                value(SqlType.TIME, LocalTime.of(23, 59, 59, 999_000_000)),
                value(SqlType.TIME, LocalTime.of(23, 59, 59, 999_999_999)),
                value(SqlType.TIME_WITH_TIME_ZONE, OffsetTime.parse("10:00:00.5+05:30")),
                value(SqlType.TIMESTAMP, LocalDateTime.of(2024, 3, 31, 2, 30, 0, 123_456_789)),
                value(SqlType.TIMESTAMP, LocalDateTime.of(1, 1, 1, 0, 0)),
                value(SqlType.TIMESTAMP_WITH_TIME_ZONE, OffsetDateTime.parse("2024-01-01T00:00:00.000000001-08:00")),
                value(SqlType.INTERVAL, new Interval(Interval.Qualifier.DAY_TO_SECOND, true, 3, 5_000_000_001L)),
                value(SqlType.UUID, new UUID(1, 2)),
                value(SqlType.JSON, "{\"a\":[1,null]}"),
                value(SqlType.ENUM, "RED"),
                Arguments.of(
                        nested,
                        Collections.unmodifiableList(Arrays.asList(
                                null, List.of("a\"b\\c", "null", ""), List.of(), Arrays.asList((Object) null)))));
    }

    private static Arguments value(SqlType type, Object value) {
        return Arguments.of(ColumnType.of(type), value);
    }

    @ParameterizedTest
    @MethodSource("values")
    void restore_ofWhatWasStored_isTheValueInEveryTimeZone(ColumnType type, Object value) {
        TimeZone before = TimeZone.getDefault();
        try {
            for (String zone : List.of("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata")) {
                TimeZone.setDefault(TimeZone.getTimeZone(zone));
                assertThat(throughStorage(type, value)).as(zone).isEqualTo(value);
            }
        } finally {
            TimeZone.setDefault(before);
        }
    }

    private static Object throughStorage(ColumnType type, Object value) {
        StoredForm form = StoredForm.of(type.type());
        Object stored = form.store(type, value);
        assertThat(stored).isInstanceOf(StoredForm.storedClass(type.type()));
        String remainder = form.remainder(type, value, stored);
        return remainder == null ? form.restore(type, stored) : TextForm.read(type, remainder);
    }

    @ParameterizedTest
    @MethodSource("values")
    void read_ofTheTextForm_isTheValue(ColumnType type, Object value) {
        assertThat(TextForm.read(type, TextForm.write(type, value))).isEqualTo(value);
    }

    @Test
    void read_ofADamagedText_isRefused() {
        ColumnType array = new ColumnType(SqlType.ARRAY, 0, 0, ColumnType.of(SqlType.INTEGER));
        for (String text : List.of("", "[", "[\"1\"", "[\"1\" \"2\"]", "[\"x\"]")) {
            assertThatThrownBy(() -> TextForm.read(array, text))
                    .isInstanceOfSatisfying(
                            PenumbraException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.VALUE_CORRUPT));
        }
        assertThatThrownBy(() -> TextForm.read(ColumnType.of(SqlType.INTERVAL), "1 DAY"))
                .isInstanceOf(PenumbraException.class);
    }

    @Test
    void fromBytes_ofALayout_isThatLayout() {
        List<Column> columns = new ArrayList<>();
        for (SqlType type : SqlType.values()) {
            ColumnType columnType = type == SqlType.ARRAY
                    ? new ColumnType(SqlType.ARRAY, 5, 0, ColumnType.of(SqlType.DECIMAL, 10, 2))
                    : ColumnType.of(type, 3, 0);
            columns.add(new Column("c " + type, columnType, type != SqlType.BIGINT));
        }
        TableSchema layout =
                new TableSchema(new TableName("PUBLIC", "ta\"ble"), columns, List.of("c BIGINT", "c UUID"));

        assertThat(TableSchemaFormat.fromBytes(TableSchemaFormat.toBytes(layout)))
                .isEqualTo(layout);
    }
}
