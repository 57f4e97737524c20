package dev.penumbra.ignite.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.penumbra.ignite.sql.Copies;
import dev.penumbra.model.Datacenter;
import dev.penumbra.shadow.ShadowDefinition;
import dev.penumbra.shadow.ShadowName;
import dev.penumbra.shadow.ShadowStatus;
import dev.penumbra.shadow.Shadows;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShadowQuerySecurityIT {
    private static final String CREATE = "CREATE SHADOW OF crm.app.t IN DATACENTER 'eu'";
    private static final String TRIGGER = "CREATE TRIGGER X AFTER INSERT, UPDATE, DELETE ON T FOR EACH ROW CAPTURE";
    private static final String DROP = "DROP SHADOW IF EXISTS OF crm.app.t IN DATACENTER 'eu'";

    @Test
    void creatingAndDroppingShadowsAndTriggers_needsTheAdministrator_readingDoesNot(@TempDir Path directory)
            throws SQLException {
        AtomicInteger done = new AtomicInteger();
        try (QueryNode node = QueryNode.authenticated(directory)) {
            Shadows shadows = counting(done);
            node.engine()
                    .open(
                            shadows,
                            new NoTriggers(),
                            Copies.in(shadows),
                            new Datacenter("eu"),
                            QueryNode.readers(() -> true),
                            (source, table) -> {});
            run(node, "ignite", "CREATE USER \"reader\" WITH PASSWORD 'reader'");
            for (String sql : List.of(CREATE, DROP, TRIGGER, "DROP TRIGGER IF EXISTS X")) {
                assertThatThrownBy(() -> run(node, "reader", sql)).as(sql).hasMessageContaining("administrator");
            }
            assertThat(done).hasValue(0);
            run(node, "reader", "EXPLAIN SHADOW SELECT 1");
            run(node, "ignite", CREATE);
            run(node, "ignite", DROP);
            assertThat(done).hasValue(2);
        }
    }

    @Test
    void statementsAndNames_beforeThePluginHasStarted_areRefused_andAllElseWorks() throws SQLException {
        try (QueryNode node = QueryNode.decorated()) {
            for (String sql : List.of(CREATE, "SELECT * FROM SHADOW.T", "EXPLAIN SHADOW SELECT 1")) {
                assertThatThrownBy(() -> run(node, "ignite", sql)).as(sql).hasMessageContaining("PENUMBRA-2030");
            }
            run(node, "ignite", "SELECT 'SHADOW' AS HOME");
        }
    }

    private static void run(QueryNode node, String user, String sql) throws SQLException {
        try (Connection connection = node.connect("?user=" + user + "&password=" + user);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static Shadows counting(AtomicInteger done) {
        return new Shadows() {
            @Override
            public void create(ShadowDefinition definition, boolean ifNotExists) {
                done.incrementAndGet();
            }

            @Override
            public void drop(ShadowName name, boolean ifExists) {
                done.incrementAndGet();
            }

            @Override
            public void alter(ShadowName name, UnaryOperator<ShadowDefinition> change) {
                done.incrementAndGet();
            }

            @Override
            public void refresh(ShadowName name) {
                done.incrementAndGet();
            }

            @Override
            public List<ShadowStatus> all() {
                return List.of();
            }

            @Override
            public Optional<ShadowStatus> find(ShadowName name) {
                return Optional.empty();
            }

            @Override
            public List<String> sources() {
                return List.of("crm");
            }
        };
    }
}
