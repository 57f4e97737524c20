package dev.penumbra.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.PenumbraException;
import org.apache.ignite.configuration.DataPageEvictionMode;
import org.apache.ignite.configuration.DataRegionConfiguration;
import org.apache.ignite.configuration.DataStorageConfiguration;
import org.apache.ignite.configuration.IgniteConfiguration;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

@NullMarked
class MemoryBudgetTest {
    private final DataRegionConfiguration byDefault = new DataRegionConfiguration().setMaxSize(64L << 20);
    private final DataRegionConfiguration other =
            new DataRegionConfiguration().setName("copies").setMaxSize(32L << 20);
    private final PenumbraConfiguration configuration = new PenumbraConfiguration();

    private void check() {
        MemoryBudget.check(
                new IgniteConfiguration()
                        .setDataStorageConfiguration(new DataStorageConfiguration()
                                .setDefaultDataRegionConfiguration(byDefault)
                                .setDataRegionConfigurations(other)),
                configuration);
    }

    private void assertRefused(String setting) {
        assertThatThrownBy(this::check).isInstanceOfSatisfying(PenumbraException.class, e -> {
            assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
            assertThat(e.context()).containsEntry("setting", setting);
        });
    }

    @Test
    void regionsFromWhichRowsWouldGoSilently_areRefused() {
        other.setPageEvictionMode(DataPageEvictionMode.RANDOM_LRU);
        assertThatCode(this::check).as("it holds no copies").doesNotThrowAnyException();
        configuration.setDataRegion("copies");
        assertRefused("pageEvictionMode");

        other.setPageEvictionMode(DataPageEvictionMode.DISABLED);
        byDefault.setPageEvictionMode(DataPageEvictionMode.RANDOM_2_LRU);
        assertRefused("pageEvictionMode");
    }

    @Test
    void aBudgetBeyondTheRegion_isRefused() {
        configuration.setMemoryBudgetBytes(48L << 20);
        assertThatCode(this::check).doesNotThrowAnyException();
        configuration.setDataRegion("copies");
        assertRefused("memoryBudgetBytes");
        other.setPersistenceEnabled(true);
        assertThatCode(this::check).as("it is kept on disk").doesNotThrowAnyException();
    }

    @Test
    void aNodeWithoutStorageSettings_hasIgnitesOwn() {
        assertThatCode(() -> MemoryBudget.check(new IgniteConfiguration(), configuration))
                .doesNotThrowAnyException();
    }
}
