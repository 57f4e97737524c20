package dev.penumbra.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Column;
import dev.penumbra.model.ColumnType;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.SqlType;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import dev.penumbra.shadow.read.Consistency;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CopyTest {
    private static Copy copy(String table, long generation) {
        TableName name = new TableName("PUBLIC", table);
        TableSchema layout =
                new TableSchema(name, List.of(new Column("ID", ColumnType.of(SqlType.BIGINT), false)), List.of("ID"));
        ShadowName shadow = new ShadowName("ignite", name, Datacenter.of("eu"));
        return new Copy(
                Copy.Role.SHADOW,
                new ShadowDefinition(shadow, Compression.NONE, 0, Consistency.bounded(Duration.ofSeconds(1))),
                table,
                generation,
                layout,
                null);
    }

    @Test
    void aShadowThatHasReleasedItsRows_isFilledAnewOnlyWhenThatIsAskedFor() {
        Copy released = copy("T", 7).released(Copy.Release.EXPIRED);
        assertThat(released.built()).isFalse();
        ShadowDefinition longer = new ShadowDefinition(
                released.name(), Compression.ZSTD, 0, released.consistency(), released.coverage(), Duration.ofHours(1));
        assertThat(released.altered(longer).released()).isEqualTo(Copy.Release.EXPIRED);
        assertThat(released.unbuilt().released()).isNull();
    }

    @Test
    void filledAnewOrEmptied_keepsWhatItsReadersAreToGet() {
        Copy copy = copy("T", 7);
        assertThat(copy.unbuilt().consistency()).isEqualTo(Consistency.bounded(Duration.ofSeconds(1)));
        assertThat(copy.unbuilt().rebuilt(8, copy.requiredLayout())).isEqualTo(copy("T", 8));
    }

    @Test
    void aCopysEarlierCaches_areItsOwn_whateverAnotherTableIsCalled() {
        List<String> names =
                List.of("A_B", "A-B", "A B", "A\"B", "\u00c4_B", "\u00d6_B", "a_b", "x".repeat(101), "x".repeat(102));
        Set<String> caches = new HashSet<>();
        for (String name : names) {
            assertThat(copy(name, 7).cacheName()).matches("penumbra-copy-[A-Za-z0-9_.]{1,140}-eu-7");
            caches.add(copy(name, 7).cacheName());
            for (String other : names) {
                assertThat(copy(name, 7).isFormer(copy(other, 6).cacheName()))
                        .as(name + " " + other)
                        .isEqualTo(name.equals(other));
            }
        }
        assertThat(caches).hasSameSizeAs(names);
        assertThat(copy("ORDERS", 1).cacheName()).isEqualTo("penumbra-copy-ORDERS-eu-1");
        assertThat(caches).allMatch(cache -> Copy.isCacheIn(cache, Datacenter.of("eu")));
        assertThat(caches).noneMatch(cache -> Copy.isCacheIn(cache, Datacenter.of("us")));
        assertThat(List.of("penumbra-copy-T-home-image-3", "penumbra-copy-T-eu-", "T-eu-3", "penumbra-progress-eu"))
                .noneMatch(cache ->
                        Copy.isCacheIn(cache, Datacenter.of("eu")) || Copy.isCacheIn(cache, Datacenter.of("image")));
    }
}
