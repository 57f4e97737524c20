package dev.penumbra.shadow.coverage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.coverage.Predicate.Comparison;
import dev.penumbra.shadow.coverage.Predicate.Operator;
import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.util.List;
import java.util.TimeZone;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class CoverageTest {
    private static final TableSchema ORDERS = new TableSchema(
            new TableName("PUBLIC", "ORDERS"),
            List.of(
                    column("ID", SqlType.INTEGER),
                    column("PART", SqlType.INTEGER),
                    column("REGION", SqlType.VARCHAR),
                    column("TOTAL", SqlType.DECIMAL),
                    column("AT", SqlType.TIMESTAMP),
                    column("DAY", SqlType.DATE),
                    column("RATE", SqlType.DOUBLE),
                    column("CODE", SqlType.CHAR),
                    column("STATE", SqlType.ENUM),
                    column("TOKEN", SqlType.UUID),
                    column("say \"hi\"\n", SqlType.VARCHAR)),
            List.of("ID", "PART"));

    private static Column column(String name, SqlType type) {
        return new Column(name, ColumnType.of(type), true);
    }

    private static Row row(int id, int part, @Nullable Object... more) {
        @Nullable Object[] values = new @Nullable Object[ORDERS.size()];
        values[0] = id;
        values[1] = part;
        System.arraycopy(more, 0, values, 2, more.length);
        return Row.of(values);
    }

    private static CoveredRows over(String coverage) {
        return Coverage.parse(coverage).over(ORDERS).orElseThrow();
    }

    private static boolean implied(String coverage, String filter, @Nullable Object... parameters) {
        return over(coverage).containsAll(filter(filter), parameters);
    }

    private static Predicate filter(String text) {
        PredicateReader reader = new PredicateReader(
                "WHERE " + text,
                dev.penumbra.shadow.text.Lexer.tokens("WHERE " + text),
                0,
                (token, failure) -> failure);
        return reader.where();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "where region='EU' | WHERE \"REGION\" = 'EU'",
                "WHERE REGION != 'it''s' AND (5 < ID OR ID IS NULL) | WHERE \"REGION\" <> 'it''s' AND (\"ID\" > 5 OR \"ID\" IS NULL)",
                "WHERE NOT REGION IN ('A', 'B') | WHERE NOT (\"REGION\" IN ('A', 'B'))",
                "WHERE REGION NOT IN ('A') AND ID IS NOT NULL | WHERE NOT (\"REGION\" IN ('A')) AND \"ID\" IS NOT NULL",
                "WHERE ID BETWEEN -1 AND +2 | WHERE \"ID\" >= -1 AND \"ID\" <= 2",
                "WHERE DAY >= DATE '2024-02-29' | WHERE \"DAY\" >= DATE '2024-02-29'",
                "WHERE AT < TIMESTAMP '2024-02-29 10:00:00.25' | WHERE \"AT\" < TIMESTAMP '2024-02-29 10:00:00.250'",
                "WHERE TOTAL > 1.50 -- dear ones | WHERE \"TOTAL\" > 1.50",
                "KEYS (1,  2) | KEYS (1, 2)",
                "keys ((1, 2), (3, 4)) | KEYS ((1, 2), (3, 4))",
                "segments (3,1 , -2, 1) of 1000 | SEGMENTS (-2, 1, 3)",
                "SEGMENTS (7) OF 5 | SEGMENTS (7) OF 5"
            })
    void text_saysTheSameInOneWay(String said, String text) {
        assertThat(Coverage.parse(said).text()).isEqualTo(text);
        assertThat(Coverage.parse(text)).isEqualTo(Coverage.parse(said)).hasToString(text);
    }

    @Test
    void text_ofNamesThatNeedQuotes_isReadBack() {
        Coverage coverage = Coverage.where(new Comparison("say \"hi\"\n", Operator.EQUAL, Literal.string("'\n--")));
        assertThat(Coverage.parse(coverage.text())).isEqualTo(coverage);
        assertThat(coverage.over(ORDERS)
                        .orElseThrow()
                        .contains(row(1, 1, null, null, null, null, null, null, null, null, "'\n--")))
                .isTrue();
    }

    @Test
    void whole_hasNoTextAndIsReadFromNone() {
        assertThat(Coverage.parse("")).isSameAs(Coverage.whole());
        assertThat(Coverage.whole().over(ORDERS)).isEmpty();
        assertThat(Coverage.whole().text()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "WHERE",
                "WHERE ID",
                "WHERE ID =",
                "WHERE ID = PART",
                "WHERE UPPER(REGION) = 'EU'",
                "WHERE REGION LIKE 'E%'",
                "WHERE O.ID = 1",
                "WHERE ID = 1e3",
                "WHERE ID = ?",
                "WHERE ID = NULL",
                "WHERE ID IN (SELECT 1)",
                "WHERE ID IN ()",
                "WHERE ID NOT = 1",
                "WHERE (ID = 1",
                "WHERE ID = 1)",
                "WHERE ID + 1 = 2",
                "WHERE REGION = U&'x'",
                "WHERE DAY = DATE '2024-02-30'",
                "WHERE DAY = DATE '24-02-01'",
                "KEYS 1",
                "KEYS ()",
                "KEYS ((1, 2)",
                "SEGMENTS ()",
                "SEGMENTS 1",
                "SEGMENTS ('1')",
                "SEGMENTS (1.5)",
                "SEGMENTS (1) OF",
                "SEGMENTS (1) OF 0",
                "SEGMENTS (1) OF -5",
                "SEGMENTS (9223372036854775808)",
                "SEGMENTS (9223372036854775807) OF 2",
                "ID = 1"
            })
    void parse_ofWhatCoverageCannotSay_isRefused(String text) {
        assertThatThrownBy(() -> Coverage.parse(text)).isInstanceOf(PenumbraException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "WHERE id = 1 AND \"id\" = 1 | COVERAGE_COLUMN",
                "WHERE ID = 'x' | COVERAGE_LITERAL",
                "WHERE ID = 1.5 | COVERAGE_LITERAL",
                "WHERE ID = 2147483648 | COVERAGE_LITERAL",
                "WHERE REGION = 5 | COVERAGE_LITERAL",
                "WHERE DAY = '2024-01-01' | COVERAGE_LITERAL",
                "WHERE DAY = DATE '1582-10-10' | COVERAGE_LITERAL",
                "WHERE AT = TIMESTAMP '2024-01-01 00:00:00.0001' | COVERAGE_LITERAL",
                "WHERE TOKEN = '00000000-0000-0001-0000-00000000000A' | COVERAGE_LITERAL",
                "KEYS (1) | COVERAGE_LITERAL",
                "KEYS ((1, 'x')) | COVERAGE_LITERAL",
                "WHERE RATE = 1 | COVERAGE_EXPRESSION",
                "WHERE CODE = 'DE' | COVERAGE_EXPRESSION",
                "WHERE STATE > 'new' | COVERAGE_EXPRESSION"
            })
    void over_aLayoutThatItDoesNotFit_isRefusedAndSaysWhy(String text, ErrorCode code) {
        Coverage coverage = Coverage.parse(text);
        assertThat(coverage.misfit(ORDERS).orElseThrow().code()).isEqualTo(code);
        assertThatThrownBy(() -> coverage.over(ORDERS))
                .isInstanceOfSatisfying(
                        PenumbraException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void over_anotherLayout_isLookedAtAnew() {
        Coverage coverage = Coverage.parse("WHERE REGION = 'EU'");
        TableSchema other = new TableSchema(
                ORDERS.name(),
                List.of(column("ID", SqlType.INTEGER), column("REGION", SqlType.INTEGER)),
                List.of("ID"));
        assertThat(coverage.misfit(ORDERS)).isEmpty();
        assertThat(coverage.misfit(other)).isPresent();
        assertThat(coverage.misfit(ORDERS)).isEmpty();
    }

    @Test
    void over_moreAlternativesThanAreTried_isRefused() {
        String wide = "WHERE "
                + IntStream.range(0, 11)
                        .mapToObj(i -> "(ID > " + i + " OR PART > " + i + ")")
                        .collect(Collectors.joining(" AND "));
        assertThat(Coverage.parse(wide).misfit(ORDERS).orElseThrow().code()).isEqualTo(ErrorCode.COVERAGE_EXPRESSION);
    }

    @Test
    void contains_ofNullColumns_isAsSqlHasIt() {
        Row none = row(1, 1);
        assertThat(over("WHERE REGION = 'EU'").contains(none)).isFalse();
        assertThat(over("WHERE REGION <> 'EU'").contains(none)).isFalse();
        assertThat(over("WHERE NOT REGION = 'EU'").contains(none)).isFalse();
        assertThat(over("WHERE REGION NOT IN ('EU')").contains(none)).isFalse();
        assertThat(over("WHERE REGION IS NULL").contains(none)).isTrue();
        assertThat(over("WHERE RATE IS NULL").contains(none)).isTrue();
        assertThat(over("WHERE RATE IS NOT NULL").contains(none)).isFalse();
        assertThat(over("WHERE REGION = 'EU' OR REGION IS NULL").contains(none)).isTrue();
    }

    @Test
    void contains_comparesDecimalsByValue() {
        assertThat(over("WHERE TOTAL = 1.5").contains(row(1, 1, "EU", new BigDecimal("1.500"))))
                .isTrue();
    }

    @Test
    void contains_aTimeThatAChangeOfClocksLeftOut_keepsTheRow() {
        TimeZone before = TimeZone.getDefault();
        try {
            TimeZone.setDefault(TimeZone.getTimeZone("Europe/Berlin"));
            Row gap = row(1, 1, null, null, LocalDateTime.of(2024, 3, 31, 2, 30));
            assertThat(over("WHERE AT < TIMESTAMP '2024-03-31 03:00:00'").contains(gap))
                    .isTrue();
            assertThat(over("WHERE AT >= TIMESTAMP '2024-03-31 03:00:00'").contains(gap))
                    .isTrue();
            assertThat(Coverage.parse("WHERE AT = TIMESTAMP '2024-03-31 02:30:00'")
                            .misfit(ORDERS))
                    .isPresent();
        } finally {
            TimeZone.setDefault(before);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "WHERE REGION = 'EU' | REGION = 'EU' AND ID > 5 | true",
                "WHERE REGION = 'EU' | REGION IN ('EU', 'US') | false",
                "WHERE REGION IN ('EU', 'US') | REGION = 'US' OR REGION = 'EU' | true",
                "WHERE REGION = 'EU' | REGION = 'eu' | false",
                "WHERE REGION = 'EU' | REGION = 'EU ' | false",
                "WHERE REGION = 'EU' | ID = 5 | false",
                "WHERE ID > 1 AND ID < 3 | ID = 2 | true",
                "WHERE ID = 2 | ID > 1 AND ID < 3 | true",
                "WHERE TOTAL = 2 | TOTAL > 1 AND TOTAL < 3 | false",
                "WHERE ID >= 1 OR ID IS NULL OR ID < 1 | PART = 5 | true",
                "WHERE ID >= 1 OR ID < 1 | PART = 5 | false",
                "WHERE REGION IS NOT NULL | REGION <> 'EU' | true",
                "WHERE REGION <> 'EU' | NOT REGION = 'EU' | true",
                "WHERE DAY >= DATE '2024-01-01' | DAY BETWEEN DATE '2024-01-01' AND DATE '2024-01-31' | true",
                "WHERE DAY >= DATE '2024-01-01' | DAY >= '2024-01-01' | false",
                "WHERE RATE IS NULL | RATE IS NULL AND ID = 1 | true",
                "WHERE RATE IS NULL | RATE = 1 | false",
                "WHERE ID < 5 | ID = 99999999999 | false",
                "KEYS ((1, 2), (3, 4)) | ID = 3 AND PART = 4 | true",
                "KEYS ((1, 2), (3, 4)) | ID = 1 AND PART = 4 | false",
                "KEYS ((1, 2), (3, 4)) | ID = 1 | false"
            })
    void containsAll_isSaidOfWhatIsProvenAlone(String coverage, String filter, boolean proven) {
        assertThat(implied(coverage, filter)).isEqualTo(proven);
    }

    @Test
    void containsAll_withParameters_goesByTheirValues() {
        CoveredRows low = over("WHERE ID < 5");
        Predicate filter = new Comparison("ID", Operator.EQUAL, new Operand.Parameter(0));
        assertThat(low.containsAll(filter, new Object[] {4})).isTrue();
        assertThat(low.containsAll(filter, new Object[] {4L})).isTrue();
        assertThat(low.containsAll(filter, new Object[] {5})).isFalse();
        assertThat(low.containsAll(filter, new @Nullable Object[] {null})).isFalse();
        assertThat(low.containsAll(filter, new Object[] {4.0})).isFalse();
        assertThat(low.containsAll(filter, new Object[] {"4"})).isFalse();
        assertThat(low.containsAll(filter, new Object[] {1L << 32})).isFalse();
        assertThat(low.containsAll(filter, new Object[0])).isFalse();
    }

    @Test
    void containsKey_isSaidWhereTheKeyAloneDecides() {
        assertThat(over("KEYS ((1, 2))").containsKey(Key.of(1, 2))).isTrue();
        assertThat(over("KEYS ((1, 2))").containsKey(Key.of(2, 1))).isFalse();
        assertThat(over("KEYS ((1, 2))").containsKey(Key.of(1))).isFalse();
        assertThat(over("KEYS ((1, 2))").containsKey(Key.of(1L, 2L))).isFalse();
        assertThat(over("WHERE ID < 5").containsKey(Key.of(4, 9))).isTrue();
        assertThat(over("WHERE ID < 5 AND REGION = 'EU'").containsKey(Key.of(4, 9)))
                .isFalse();
    }

    private static CoveredRows segments(SqlType type, String coverage) {
        TableSchema layout = new TableSchema(new TableName("S", "T"), List.of(column("ID", type)), List.of("ID"));
        return Coverage.parse(coverage).over(layout).orElseThrow();
    }

    @Test
    void segments_areCountedFromZero_inBothDirections() {
        CoveredRows covered = segments(SqlType.BIGINT, "SEGMENTS (-1, 2, 3) OF 10");
        for (long id = -30; id < 60; id++) {
            boolean inside = List.of(-1L, 2L, 3L).contains(Math.floorDiv(id, 10L));
            assertThat(covered.contains(Row.of(id))).as("row %d", id).isEqualTo(inside);
            assertThat(covered.containsKey(Key.of(id))).as("key %d", id).isEqualTo(inside);
        }
        assertThat(covered.containsAll(filter("ID BETWEEN 20 AND 39"), new Object[0]))
                .isTrue();
        assertThat(covered.containsAll(filter("ID BETWEEN 20 AND 40"), new Object[0]))
                .isFalse();
        assertThat(covered.containsAll(filter("ID < 0 AND ID >= -10"), new Object[0]))
                .isTrue();
    }

    @Test
    void segments_goAsFarAsTheirColumn() {
        CoveredRows upper = segments(SqlType.TINYINT, "SEGMENTS (0)");
        assertThat(upper.contains(Row.of((byte) 127))).isTrue();
        assertThat(upper.contains(Row.of((byte) -1))).isFalse();
        assertThat(segments(SqlType.TINYINT, "SEGMENTS (-1)").contains(Row.of((byte) -128)))
                .isTrue();
        assertThat(segments(SqlType.TINYINT, "SEGMENTS (7)").contains(Row.of((byte) 1)))
                .isFalse();
        CoveredRows last = segments(SqlType.BIGINT, "SEGMENTS (9223372036854775807) OF 1");
        assertThat(last.contains(Row.of(Long.MAX_VALUE))).isTrue();
        assertThat(last.contains(Row.of(Long.MAX_VALUE - 1))).isFalse();
        CoveredRows fractions = segments(SqlType.DECIMAL, "SEGMENTS (0)");
        assertThat(fractions.contains(Row.of(new BigDecimal("999.99")))).isTrue();
        assertThat(fractions.contains(Row.of(new BigDecimal("1000.00")))).isFalse();
        assertThat(fractions.contains(Row.of(new BigDecimal("-0.01")))).isFalse();
    }

    @Test
    void segments_ofAKeyWithSeveralColumns_goByTheFirst() {
        CoveredRows covered = over("SEGMENTS (1) OF 10");
        assertThat(covered.containsKey(Key.of(10, 99))).isTrue();
        assertThat(covered.containsKey(Key.of(9, 10))).isFalse();
        assertThat(implied("SEGMENTS (1) OF 10", "ID = 12 AND PART > 5")).isTrue();
        assertThat(implied("SEGMENTS (1) OF 10", "PART = 12")).isFalse();
    }

    @Test
    void contains_amongManySegments_findsEach() {
        int last = Coverage.VALUES_MAX - 2;
        String numbers = IntStream.rangeClosed(0, last)
                .mapToObj(n -> Integer.toString(2 * n))
                .collect(Collectors.joining(", "));
        CoveredRows covered = segments(SqlType.BIGINT, "SEGMENTS (" + numbers + ") OF 4");
        assertThat(covered.containsKey(Key.of(8L * last + 3))).isTrue();
        assertThat(covered.containsKey(Key.of(8L * last + 4))).isFalse();
    }

    @Test
    void contains_amongManyKeys_findsEach() {
        String keys = IntStream.range(0, Coverage.VALUES_MAX)
                .mapToObj(i -> "'" + new UUID(0, 3L * i) + "'")
                .collect(Collectors.joining(","));
        TableSchema tokens = new TableSchema(
                new TableName("PUBLIC", "TOKENS"), List.of(column("TOKEN", SqlType.UUID)), List.of("TOKEN"));
        CoveredRows covered = Coverage.parse("KEYS (" + keys + ")").over(tokens).orElseThrow();
        assertThat(IntStream.range(0, 300)
                        .filter(i -> covered.contains(Row.of(new UUID(0, i))))
                        .count())
                .isEqualTo(100);
    }
}
