package dev.penumbra.ignite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.sql.Routing.Answer;
import dev.penumbra.ignite.sql.TableUse.Role;
import dev.penumbra.ignite.sql.TableUses.Found;
import dev.penumbra.model.Datacenter;
import dev.penumbra.model.Position;
import dev.penumbra.model.TableName;
import dev.penumbra.shadow.ShadowStatus.Phase;
import dev.penumbra.shadow.read.Consistency;
import dev.penumbra.shadow.read.FeedName;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NameRouterTest {
    private static final Copy READY = copy(Phase.READY, new Position(2, 5));
    private static final Copy LOADING = copy(Phase.LOADING, new Position(1, 9));

    private static Copy copy(Phase phase, Position applied) {
        FeedName feed = new FeedName("shop", new Datacenter("eu"), new UUID(0, 1));
        return new Copy("t/1", phase, applied, null, feed, null, Consistency.eventual());
    }

    private static NameRouter router(@Nullable String local, @Nullable Copy shadow, @Nullable Copy home) {
        Copies copies = new Copies() {
            @Override
            public Optional<Copy> shadow(Datacenter datacenter, String table) {
                return datacenter.name().equals("eu") ? Optional.ofNullable(shadow) : Optional.empty();
            }

            @Override
            public Optional<Copy> home(String table) {
                return Optional.ofNullable(home);
            }
        };
        return new NameRouter(copies, (schema, table) -> true, local == null ? null : new Datacenter(local));
    }

    private static NamedText text(String sql, String name) {
        int start = sql.indexOf(name);
        TableUse use =
                new TableUse(0, Role.READ, name, "T", start, start + name.length(), start + name.length() + 2, false);
        return NamedText.of(sql, new Found(List.of(use), true, true));
    }

    private static Answer only(Routing routing) {
        assertThat(routing.answers()).hasSize(1);
        return routing.answers().get(0);
    }

    @Test
    void readyShadowOfTheLocalDatacenter_answers() {
        Routing routing = router("eu", READY, null).name(text("SELECT * FROM SHADOW.T", "SHADOW"));
        assertThat(routing.sql()).isEqualTo("SELECT * FROM SHADOW_EU.T");
        assertThat(only(routing).applied()).isEqualTo(new Position(2, 5));
        assertThat(only(routing).source()).isEqualTo(Reads.Source.SHADOW);
    }

    @Test
    void homeImage_answersWhereNoShadowMay() {
        NamedText text = text("SELECT * FROM SHADOW.T", "SHADOW");
        for (NameRouter router :
                List.of(router("eu", LOADING, READY), router("us", READY, null), router(null, READY, null))) {
            Routing routing = router.name(text);
            assertThat(routing.sql()).isEqualTo("SELECT * FROM HOME.T");
            assertThat(only(routing).source()).isEqualTo(Reads.Source.HOME);
        }
    }

    @Test
    void loadingHomeImage_isNeverRead() {
        for (String name : List.of("SHADOW", "HOME")) {
            assertThatThrownBy(() -> router("eu", LOADING, LOADING).name(text("SELECT *\nFROM " + name + ".T", name)))
                    .hasMessageContaining("PENUMBRA-1033")
                    .hasMessageContaining("line=2, column=6, copy=HOME.T, applied=1:9");
        }
        assertThat(router("eu", READY, LOADING)
                        .name(text("SELECT * FROM SHADOW.T", "SHADOW"))
                        .sql())
                .contains("SHADOW_EU.T");
    }

    @Test
    void textThatNamesItsCopy_staysTheSameString() {
        String sql = "SELECT * FROM HOME.T";
        assertThat(router("eu", READY, READY).name(text(sql, "HOME")).sql()).isSameAs(sql);
    }

    @Test
    void everyPlaceOfAName_isReplaced_andNothingElse() {
        String sql = "SELECT SHADOW.T.A, 'SHADOW.T' FROM SHADOW . T, T";
        NamedText text = NamedText.of(
                sql,
                new Found(
                        List.of(
                                new TableUse(0, Role.READ, "SHADOW", "T", 35, 41, 45, false),
                                new TableUse(0, Role.COLUMN, "SHADOW", "T", 7, 13, 15, false),
                                new TableUse(0, Role.READ, "SHADOW", "T", 47, 47, 48, false)),
                        true,
                        true));
        assertThat(router("us", null, null).name(text).sql())
                .isEqualTo("SELECT HOME.T.A, 'SHADOW.T' FROM HOME . T, HOME.T");
    }

    @Test
    void aTableThatIsItsOwnHome_answersUnderItsOwnName_andItsColumnsAreFound() {
        String sql = "SELECT SHADOW.T.A FROM SHADOW.T, SHADOW.T X";
        NamedText text = NamedText.of(
                sql,
                new Found(
                        List.of(
                                new TableUse(0, Role.COLUMN, "SHADOW", "T", 7, 13, 15, false),
                                new TableUse(0, Role.READ, "SHADOW", "T", 23, 29, 31, false),
                                new TableUse(0, Role.READ, "SHADOW", "T", 33, 39, 41, true)),
                        true,
                        true));
        assertThat(ownHome("T").name(text).sql()).isEqualTo("SELECT \"S\".\"T\".A FROM \"S\".\"T\", \"S\".\"T\" X");
        Routing renamed = ownHome("OTHER").name(text);
        assertThat(renamed.sql()).isEqualTo("SELECT \"T\".A FROM \"S\".\"OTHER\" AS \"T\", \"S\".\"OTHER\" X");
        assertThat(only(renamed).source()).isEqualTo(Reads.Source.HOME);
        assertThat(only(renamed).copy()).isEqualTo("S.OTHER");
    }

    private static NameRouter ownHome(String table) {
        Copies copies = new Copies() {
            @Override
            public Optional<Copy> shadow(Datacenter datacenter, String name) {
                return Optional.empty();
            }

            @Override
            public Optional<Copy> home(String name) {
                return Optional.empty();
            }

            @Override
            public Optional<TableName> ownHome(String name) {
                return Optional.of(new TableName("S", table));
            }
        };
        return new NameRouter(copies, (schema, name) -> true, new Datacenter("eu"));
    }
}
