package dev.penumbra.cli;

import java.nio.file.Path;
import java.sql.SQLException;

/** A Derby database, embedded in this process, that nobody else can open meanwhile. */
final class DerbyDemoSource extends DatabaseDemoSource {
    private static final String SCHEMA = "APP";

    /** Derby's log is in the working directory unless this says otherwise. */
    private static final String LOG = "derby.stream.error.file";

    /**
     * How long a session waits for a lock before Derby looks for a deadlock, in seconds. Sessions that are the first to fire one trigger can
     * meet in Derby's own tables, and its default of 20 would be the whole workload.
     */
    private static final String DEADLOCK_TIMEOUT = "derby.locks.deadlockTimeout";

    /**
     * @param directory where the database and its journal go
     * @param counted whether it has a {@link CounterTable}
     */
    DerbyDemoSource(Path directory, boolean counted) throws SQLException {
        super(new DerbySource(), url(directory), SCHEMA, SCHEMA, directory.resolve("journal-derby"), counted);
    }

    private static String url(Path directory) {
        setDefault(LOG, directory.resolve("derby.log").toString());
        setDefault(DEADLOCK_TIMEOUT, "1");
        // Not of H2's name: that is the source's name in the grid.
        return "jdbc:derby:" + directory.resolve("derby_orders") + ";create=true";
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public String label() {
        return "derby";
    }

    @Override
    public String address() {
        return url().replace(";create=true", "") + " (open in this process only)";
    }

    @Override
    public long fill(int rows) throws SQLException {
        long filled = super.fill(rows);
        // Derby counts an index's rows when it is made, and here that was before there were any: without new counts it
        // would read whole
        // tables, waiting for rows that others have locked.
        for (String table : tables()) {
            execute("CALL SYSCS_UTIL.SYSCS_UPDATE_STATISTICS('" + SCHEMA + "', '" + table + "', NULL)");
        }
        return filled;
    }
}
