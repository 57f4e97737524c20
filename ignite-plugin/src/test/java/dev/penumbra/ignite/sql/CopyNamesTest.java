package dev.penumbra.ignite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.penumbra.model.Datacenter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CopyNamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM SHADOW.T",
                "select * from shadow_eu.t",
                "SELECT * FROM home.T",
                "DELETE FROM \"HOME\".T",
                "create Trigger x",
                "SELECT 1 with consistency PRIMARY",
                "SELECT * FROM u&\"\\0053HADOW\".T",
                "SELECT * FROM \u017FHADOW.T",
                "home"
            })
    void text_withAWordOfPenumbras_isLookedAt(String sql) {
        assertThat(CopyNames.mayConcern(sql, "PUBLIC")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "S",
                "SELECT * FROM PUBLIC.T WHERE STATUS = 'shad' AND CUSTOMER = ? AND HOM = 1",
                "INSERT INTO T VALUES (?, ?, ?)",
                "SELECT U & 1",
                "SHADO",
                "TRIGGE"
            })
    void text_withoutOne_isNot(String sql) {
        assertThat(CopyNames.mayConcern(sql, "PUBLIC")).isFalse();
    }

    @Test
    void text_inASessionWhoseSchemaHoldsCopies_isAlwaysLookedAt() {
        assertThat(CopyNames.mayConcern("SELECT * FROM T", "HOME")).isTrue();
        assertThat(CopyNames.mayConcern("SELECT * FROM T", "SHADOW")).isTrue();
        assertThat(CopyNames.mayConcern("SELECT * FROM T", "SHADOW_EU")).isTrue();
    }

    @Test
    void reserved_areTheSchemasOfCopiesInTheirExactLetterCase() {
        assertThat(CopyNames.isReserved("SHADOW_EU")).isTrue();
        assertThat(CopyNames.isReserved("shadow")).isFalse();
        assertThat(CopyNames.isReserved("SHADOW_")).isFalse();
        assertThat(CopyNames.isReserved("SHADOWS")).isFalse();
        assertThat(CopyNames.isReserved("HOMES")).isFalse();
    }

    @Test
    void schema_namesItsDatacenter_andNothingElseDoes() {
        assertThat(CopyNames.datacenter("SHADOW_US_EAST1")).contains(new Datacenter("us_east1"));
        assertThat(CopyNames.datacenter("SHADOW_1")).isEmpty();
        assertThat(CopyNames.datacenter("SHADOW_Eu")).isEmpty();
        assertThat(CopyNames.datacenter("SHADOW")).isEmpty();
        assertThat(CopyNames.datacenter("HOME")).isEmpty();
    }
}
