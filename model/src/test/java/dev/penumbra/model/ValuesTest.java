package dev.penumbra.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Interval.Qualifier;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ValuesTest {
    @Test
    void position_ordersByEpochThenSequence_andReadsWhatItWrites() {
        Position late = new Position(2, 1);
        assertThat(late).isGreaterThan(new Position(1, 999));
        assertThat(new Position(1, 2)).isGreaterThan(new Position(1, 1));
        assertThat(Position.parse(late.toString())).isEqualTo(late);
        assertThat(late.next()).isEqualTo(new Position(2, 2));
    }

    @Test
    void position_refusesOtherTextsByCode() {
        for (String text : List.of("", "1", ":", "1:", "x:1", "1:-1", "-1:1", "1:2:3")) {
            assertThatThrownBy(() -> Position.parse(text))
                    .isInstanceOf(PenumbraException.class)
                    .hasMessageContaining("PENUMBRA-1001")
                    .hasMessageContaining("[position=" + text + "]");
        }
    }

    @Test
    void datacenter_isLowerCaseAndNamesItsSchema() {
        assertThat(Datacenter.of(" EU ").name()).isEqualTo("eu");
        assertThat(new Datacenter("us_east1").shadowSchema()).isEqualTo("SHADOW_US_EAST1");
        for (String name : List.of("", "1a", "a-b", "A", "a".repeat(33))) {
            assertThatThrownBy(() -> new Datacenter(name)).hasMessageContaining("PENUMBRA-1002");
        }
    }

    @Test
    void bytes_areEqualByContent_andKeepTheirContentToThemselves() {
        byte[] content = {1, -1};
        Bytes bytes = Bytes.of(content);
        content[0] = 9;
        bytes.toArray()[1] = 9;
        assertThat(bytes).isEqualTo(Bytes.of((byte) 1, (byte) -1)).hasToString("Af8=");
        assertThat(Bytes.of((byte) -1)).isGreaterThan(Bytes.of((byte) 1));
    }

    @Test
    void interval_writesTheSqlLiteral() {
        long ns = 1_000_000_000L;
        assertThat(Stream.of(
                                new Interval(Qualifier.YEAR, true, 5, 0),
                                new Interval(Qualifier.YEAR_TO_MONTH, false, 1, 2),
                                new Interval(Qualifier.SECOND, false, 3, 4_500_000),
                                new Interval(Qualifier.DAY_TO_SECOND, true, 1, (2 * 3600 + 3 * 60 + 4) * ns + 5),
                                new Interval(Qualifier.DAY_TO_MINUTE, false, 1, 61),
                                new Interval(Qualifier.HOUR_TO_SECOND, false, 10, 61 * ns),
                                new Interval(Qualifier.MINUTE_TO_SECOND, false, 10, 9 * ns))
                        .map(Interval::toString))
                .containsExactly(
                        "INTERVAL '-5' YEAR",
                        "INTERVAL '1-2' YEAR TO MONTH",
                        "INTERVAL '3.0045' SECOND",
                        "INTERVAL '-1 02:03:04.000000005' DAY TO SECOND",
                        "INTERVAL '1 01:01' DAY TO MINUTE",
                        "INTERVAL '10:01:01' HOUR TO SECOND",
                        "INTERVAL '10:09' MINUTE TO SECOND");
    }

    @Test
    void columnType_acceptsOnlyItsOwnValueClass_elementsIncluded() {
        ColumnType array = new ColumnType(SqlType.ARRAY, 10, 0, ColumnType.of(SqlType.INTEGER));
        assertThat(array.accepts(Arrays.asList(1, null))).isTrue();
        assertThat(array.accepts(List.of("1"))).isFalse();
        assertThat(ColumnType.of(SqlType.DECIMAL, 5, 2).accepts(BigDecimal.ONE)).isTrue();
        assertThat(ColumnType.of(SqlType.DECIMAL, 5, 2).accepts(1.0)).isFalse();
        assertThat(ColumnType.of(SqlType.DECFLOAT).accepts(Double.NaN)).isTrue();
        assertThatThrownBy(() -> ColumnType.of(SqlType.ARRAY)).hasMessageContaining("element type");
    }

    @Test
    void sqlTypeCodesAndOperationCodes_areUniqueAndReadBack() {
        for (SqlType type : SqlType.values()) {
            assertThat(SqlType.ofCode(type.code())).isEqualTo(type);
        }
        for (Operation operation : Operation.values()) {
            assertThat(Operation.ofCode(operation.code())).isEqualTo(operation);
        }
        assertThatThrownBy(() -> SqlType.ofCode(99)).hasMessageContaining("PENUMBRA-3004");
        assertThatThrownBy(() -> Operation.ofCode(0)).hasMessageContaining("PENUMBRA-3002");
    }

    @Test
    void change_carriesTheImagesOfItsOperation() {
        TableSchema schema = new TableSchema(
                new TableName("PUBLIC", "T"),
                List.of(new Column("ID", ColumnType.of(SqlType.BIGINT), false)),
                List.of("ID"));
        TransactionId tx = new TransactionId(1, 1);
        Position at = new Position(1, 1);
        Change moved =
                new Change(at, tx, Operation.UPDATE, Origin.CAPTURED, schema, Key.of(2L), Row.of(1L), Row.of(2L));
        assertThat(moved.movedFrom()).isEqualTo(Key.of(1L));
        assertThatThrownBy(() -> new Change(
                        at, tx, Operation.DELETE, Origin.CAPTURED, schema, Key.of(2L), Row.of(1L), Row.of(2L)))
                .hasMessageContaining("after image");
        assertThatThrownBy(
                        () -> new Change(at, tx, Operation.TRUNCATE, Origin.CAPTURED, schema, Key.of(2L), null, null))
                .hasMessageContaining("has a key");
    }

    @Test
    void errorNumbers_areUnique() {
        assertThat(Arrays.stream(ErrorCode.values()).map(ErrorCode::number)).doesNotHaveDuplicates();
    }
}
