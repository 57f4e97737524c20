package dev.penumbra.derby;

import dev.penumbra.journal.EventImages;
import dev.penumbra.model.ErrorCode;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import dev.penumbra.model.Row;
import dev.penumbra.model.TableName;
import dev.penumbra.model.TableSchema;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Holds the rows of one UPDATE to their table's CHECK constraints, all but the last.
 *
 * <p>Where a table has any trigger for UPDATE, Derby looks at the last of a statement's rows only.
 */
final class RowChecks implements AutoCloseable {
    private final TableSchema schema;
    private final List<String> conditions;
    private byte @Nullable [] last;
    private @Nullable Connection connection;
    private @Nullable PreparedStatement violations;

    /** @param conditions of the table's constraints */
    RowChecks(TableSchema schema, List<String> conditions) {
        this.schema = schema;
        this.conditions = conditions;
    }

    /**
     * Takes the next row that has been updated.
     *
     * @throws PenumbraException with CHECK_VIOLATED when the one before it breaks a constraint
     */
    void updated(byte[] images) throws SQLException {
        if (conditions.isEmpty()) {
            return;
        }
        @Nullable Row former = last == null ? null : EventImages.after(last, schema);
        if (former != null) {
            require(schema.keyOf(former));
        }
        last = images;
    }

    private void require(Key key) throws SQLException {
        PreparedStatement statement = violations;
        if (statement == null) {
            connection = DriverManager.getConnection("jdbc:default:connection");
            statement =
                    connection.prepareStatement("SELECT 1 FROM " + schema.name().quoted() + " WHERE "
                            + schema.keyColumns().stream()
                                    .map(column -> TableName.quote(column.name()) + " = ?")
                                    .collect(Collectors.joining(" AND "))
                            + " AND (NOT ("
                            + String.join(") OR NOT (", conditions) + "))");
            violations = statement;
        }
        for (int i = 0; i < key.size(); i++) {
            DerbyRows.setParameter(statement, i + 1, key, i);
        }
        try (ResultSet found = statement.executeQuery()) {
            if (found.next()) {
                throw new PenumbraException(ErrorCode.CHECK_VIOLATED).with("table", schema.name());
            }
        }
    }

    @Override
    public void close() throws SQLException {
        if (violations != null) {
            violations.close();
        }
        if (connection != null) {
            connection.close();
        }
    }
}
