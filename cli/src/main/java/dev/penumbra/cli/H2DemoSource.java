package dev.penumbra.cli;

import java.nio.file.Path;
import java.sql.SQLException;

/** An H2 database in a file. */
final class H2DemoSource extends DatabaseDemoSource {
    /**
     * @param directory where the database and its journal go
     * @param shared whether other processes may open the database meanwhile
     * @param counted whether it has a {@link CounterTable}
     */
    H2DemoSource(Path directory, boolean shared, boolean counted) throws SQLException {
        super(
                new H2Source(),
                "jdbc:h2:file:" + directory.resolve("orders") + (shared ? ";AUTO_SERVER=TRUE" : ""),
                "sa",
                "PUBLIC",
                directory.resolve("journal"),
                counted);
    }

    @Override
    public String label() {
        return "h2";
    }

    @Override
    public String address() {
        return url() + " (user sa, no password)";
    }
}
