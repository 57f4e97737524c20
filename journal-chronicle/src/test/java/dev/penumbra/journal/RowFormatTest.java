package dev.penumbra.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.model.Bytes;
import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Interval;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowFormatTest {
    private static final ZoneOffset ODD = ZoneOffset.ofHoursMinutesSeconds(-17, -59, -59);

    private static final Map<SqlType, List<Object>> EXTREMES = new EnumMap<>(SqlType.class);

    static {
        EXTREMES.put(SqlType.BOOLEAN, List.of(true, false));
        EXTREMES.put(SqlType.TINYINT, List.of(Byte.MIN_VALUE, Byte.MAX_VALUE, (byte) 0));
        EXTREMES.put(SqlType.SMALLINT, List.of(Short.MIN_VALUE, Short.MAX_VALUE, (short) -1));
        EXTREMES.put(SqlType.INTEGER, List.of(Integer.MIN_VALUE, Integer.MAX_VALUE, 0));
        EXTREMES.put(SqlType.BIGINT, List.of(Long.MIN_VALUE, Long.MAX_VALUE, -1L));
        EXTREMES.put(SqlType.REAL, List.of(Float.MIN_VALUE, Float.NaN, -0.0f, Float.NEGATIVE_INFINITY));
        EXTREMES.put(SqlType.DOUBLE, List.of(Double.MAX_VALUE, Double.NaN, -0.0));
        EXTREMES.put(SqlType.DECFLOAT, List.of(new BigDecimal("1E-6143"), Double.NaN, Double.NEGATIVE_INFINITY));
        EXTREMES.put(
                SqlType.DECIMAL,
                List.of(
                        BigDecimal.ZERO,
                        new BigDecimal("-0.00"),
                        BigDecimal.valueOf(Long.MIN_VALUE, 18),
                        new BigDecimal(BigInteger.ONE.shiftLeft(3000).negate(), 700),
                        new BigDecimal(BigInteger.TEN, -100_000)));
        List<Object> texts = List.of(
                "", "a", "ASCII only", "ü\u0000\uFFFF", "\uD83D\uDE00 emoji", "lone \uD83D", "x".repeat(100_000));
        for (SqlType text : List.of(
                SqlType.CHAR, SqlType.VARCHAR, SqlType.VARCHAR_IGNORECASE, SqlType.CLOB, SqlType.JSON, SqlType.ENUM)) {
            EXTREMES.put(text, texts);
        }
        for (SqlType binary : List.of(SqlType.BINARY, SqlType.VARBINARY, SqlType.BLOB)) {
            EXTREMES.put(binary, List.of(Bytes.of(), Bytes.of((byte) 0, (byte) -1), Bytes.wrap(new byte[70_000])));
        }
        EXTREMES.put(SqlType.DATE, List.of(LocalDate.MIN, LocalDate.MAX, LocalDate.EPOCH, LocalDate.of(1582, 10, 10)));
        EXTREMES.put(SqlType.TIME, List.of(LocalTime.MIDNIGHT, LocalTime.MAX));
        EXTREMES.put(SqlType.TIME_WITH_TIME_ZONE, List.of(OffsetTime.of(LocalTime.MAX, ODD), OffsetTime.MIN));
        EXTREMES.put(
                SqlType.TIMESTAMP,
                List.of(
                        LocalDateTime.MIN,
                        LocalDateTime.MAX,
                        LocalDateTime.of(2024, 3, 31, 2, 30, 0, 1),
                        LocalDateTime.of(2024, 3, 31, 2, 30, 0, 1000)));
        EXTREMES.put(
                SqlType.TIMESTAMP_WITH_TIME_ZONE,
                List.of(OffsetDateTime.of(LocalDateTime.MAX, ODD), OffsetDateTime.of(LocalDateTime.MIN, ODD)));
        EXTREMES.put(
                SqlType.INTERVAL,
                List.of(
                        new Interval(Interval.Qualifier.DAY_TO_SECOND, true, 999_999_999_999_999_999L, 1),
                        new Interval(Interval.Qualifier.DAY_TO_SECOND, false, 0, 0)));
        EXTREMES.put(SqlType.UUID, List.of(new UUID(0, 0), new UUID(-1, Long.MIN_VALUE)));
        EXTREMES.put(SqlType.ARRAY, List.of(List.of(), Arrays.asList(1, null, Integer.MIN_VALUE)));
    }

    private static ColumnType typeOf(SqlType type) {
        return switch (type) {
            case ARRAY -> new ColumnType(type, 100, 0, ColumnType.of(SqlType.INTEGER));
            case INTERVAL -> ColumnType.of(type, Interval.Qualifier.DAY_TO_SECOND.code(), 9);
            default -> ColumnType.of(type);
        };
    }

    private static TableSchema schemaOf(List<ColumnType> types) {
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("ID", ColumnType.of(SqlType.INTEGER), false));
        for (int i = 0; i < types.size(); i++) {
            columns.add(new Column("C" + i, types.get(i), true));
        }
        return new TableSchema(new TableName("PUBLIC", "T"), columns, List.of("ID"));
    }

    private static Row roundTrip(TableSchema schema, Row row) {
        Output output = new Output(16, -1);
        RowFormat.write(output, schema, row);
        Input input = new Input(output.toBytes());
        Row read = RowFormat.read(input, schema);
        assertThat(input.end()).as("every byte is read").isTrue();
        return read;
    }

    @ParameterizedTest
    @EnumSource(SqlType.class)
    void everyType_keepsItsExtremesAndNull(SqlType type) {
        TableSchema schema = schemaOf(List.of(typeOf(type)));
        assertThat(roundTrip(schema, Row.of(1, null))).isEqualTo(Row.of(1, null));
        for (Object value : EXTREMES.get(type)) {
            assertThat(roundTrip(schema, Row.of(1, value))).isEqualTo(Row.of(1, value));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void randomRows_ofRandomTables_areReadAsWritten(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            List<ColumnType> types = new ArrayList<>();
            List<@Nullable Object> values = new ArrayList<>();
            values.add(round);
            int columns = random.nextInt(40);
            for (int i = 0; i < columns; i++) {
                SqlType type = SqlType.values()[random.nextInt(SqlType.values().length)];
                List<Object> extremes = EXTREMES.get(type);
                types.add(typeOf(type));
                values.add(random.nextInt(3) == 0 ? null : extremes.get(random.nextInt(extremes.size())));
            }
            Row row = Row.of(values.toArray());
            assertThat(roundTrip(schemaOf(types), row))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(row);
        }
    }

    @Test
    void aThousandColumns_areReadAsWritten() {
        TableSchema schema = schemaOf(Collections.nCopies(1000, ColumnType.of(SqlType.BIGINT)));
        @Nullable Object[] values = new @Nullable Object[1001];
        values[0] = 1;
        for (int i = 1; i < values.length; i += 3) {
            values[i] = (long) i;
        }
        assertThat(roundTrip(schema, Row.of(values))).isEqualTo(Row.of(values));
    }

    @Test
    void aValueOfAnotherClass_isRefusedByColumn() {
        TableSchema schema = schemaOf(List.of(ColumnType.of(SqlType.BIGINT)));
        assertThatThrownBy(() -> RowFormat.write(new Output(16, -1), schema, Row.of(1, "x")))
                .hasMessageContaining("column C0 is BIGINT and cannot hold a java.lang.String");
    }

    @Test
    void damagedBytes_neverAskForMoreMemoryThanTheyHave() {
        TableSchema schema = schemaOf(List.of(ColumnType.of(SqlType.BLOB)));
        byte[] damaged = {0, 2, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 7};
        assertThatThrownBy(() -> RowFormat.read(new Input(damaged), schema)).hasMessageContaining("PENUMBRA-3002");
    }
}
