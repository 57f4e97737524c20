package dev.penumbra.h2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.esotericsoftware.kryo.io.Output;
import dev.penumbra.capture.JournalledTables;
import dev.penumbra.capture.Relay;
import dev.penumbra.journal.DualJournal;
import dev.penumbra.journal.JournalVerification;
import dev.penumbra.model.Key;
import dev.penumbra.model.PenumbraException;
import java.io.File;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.h2.Driver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One database and several copies of H2's and Penumbra's classes, as the applications of one server have them. */
class H2ClassLoadersTest {
    private static final List<Class<?>> PENUMBRA = List.of(
            LoadedSession.class, Capture.class, Relay.class, DualJournal.class, PenumbraException.class, Output.class);

    @TempDir
    Path directory;

    /** The sessions; class loaders stay open, because Chronicle still releases memory behind a journal's end. */
    private final List<AutoCloseable> opened = new ArrayList<>();

    private TestDatabase database;

    @BeforeEach
    void locate() {
        database = TestDatabase.in(directory);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable closeable : opened) {
            closeable.close();
        }
    }

    /** Where classes are that a class loader is to have a copy of. */
    private static Set<String> places(List<Class<?>> classes) {
        Set<String> places = new LinkedHashSet<>();
        for (Class<?> one : classes) {
            places.add(Path.of(one.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .getPath())
                    .toString());
        }
        return places;
    }

    private static URL[] urls(Stream<String> places) {
        return places.map(place -> {
                    try {
                        return Path.of(place).toUri().toURL();
                    } catch (MalformedURLException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .toArray(URL[]::new);
    }

    private static Stream<String> classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator));
    }

    /** Everything on the class path but those places. */
    private static ClassLoader allBut(Set<String> places, ClassLoader parent) {
        return new URLClassLoader(urls(classPath().filter(place -> !places.contains(place))), parent);
    }

    /** A class loader of its own for everything. */
    private static ClassLoader separate() {
        return allBut(Set.of(), ClassLoader.getPlatformClassLoader());
    }

    private UnaryOperator<String> session(ClassLoader loader, String url) throws Exception {
        Object session = loader.loadClass(LoadedSession.class.getName())
                .getConstructor(String.class)
                .newInstance(url);
        opened.add((AutoCloseable) session);
        @SuppressWarnings("unchecked") // What it declares.
        UnaryOperator<String> typed = (UnaryOperator<String>) session;
        return typed;
    }

    private static void close(UnaryOperator<String> session) throws Exception {
        ((AutoCloseable) session).close();
    }

    /** Captures T and inserts a row; returns what the capture said. */
    private String capture(UnaryOperator<String> session, int key) {
        for (String function : List.of("install", "settle", "status")) {
            run(
                    session,
                    "CREATE ALIAS IF NOT EXISTS PENUMBRA_" + function + " FOR 'dev.penumbra.h2.Capture." + function
                            + "'");
        }
        run(session, "CREATE TABLE IF NOT EXISTS T(ID BIGINT PRIMARY KEY, NAME VARCHAR(20))");
        String said = session.apply("CALL PENUMBRA_INSTALL('T', '" + database.journal() + "')");
        run(session, "INSERT INTO T VALUES(" + key + ", 'row')");
        return said;
    }

    private static void run(UnaryOperator<String> session, String sql) {
        assertThat(session.apply(sql)).isEmpty();
    }

    private static void settle(UnaryOperator<String> session) {
        assertThat(session.apply("CALL PENUMBRA_SETTLE(20000)")).isEqualTo("TRUE");
    }

    private static Stream<Thread> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("penumbra-"));
    }

    private void assertJournalled(long... keys) throws Exception {
        try (Connection connection = database.open()) {
            JournalledTables tables = database.settled(connection);
            tables.assertEqualsSource(connection, "T");
            assertThat(tables.rows("T"))
                    .containsOnlyKeys(Arrays.stream(keys).mapToObj(Key::of).toArray(Key[]::new));
        }
        assertThat(JournalVerification.of(database.journal()).gaps()).isZero();
    }

    @Test
    void oneAfterTheOther_captureADatabase_andLeaveNoThread() throws Exception {
        for (int key = 1; key <= 2; key++) {
            ClassLoader loader = separate();
            UnaryOperator<String> session = session(loader, database.url());
            capture(session, key);
            settle(session);
            // Where the classes are that a thread looks up by its context, such as a journal's services.
            assertThat(ownThreads().map(Thread::getContextClassLoader))
                    .isNotEmpty()
                    .containsOnly(loader);
            close(session);
            assertThat(ownThreads()).isEmpty();
        }
        assertJournalled(1, 2);
    }

    @Test
    void twoDatabasesInMemoryOfOneName_haveOneRelayThatWorks_andOneThatSaysWhyNot() throws Exception {
        UnaryOperator<String> first = session(separate(), "jdbc:h2:mem:twin");
        UnaryOperator<String> second = session(separate(), "jdbc:h2:mem:twin");
        capture(first, 1);
        settle(first);
        capture(second, 2);
        assertThat(second.apply("SELECT FAILURE FROM PENUMBRA_STATUS()")).contains("PENUMBRA-2003");
        assertThat(H2Tables.of(database.journal()).rows("T")).containsOnlyKeys(Key.of(1L));
        run(first, "INSERT INTO T VALUES(3, 'row')");
        settle(first);
        assertThat(H2Tables.of(database.journal()).rows("T")).containsOnlyKeys(Key.of(1L), Key.of(3L));
        close(first);
        // Its changes have waited; the journal is now its own.
        settle(second);
        assertThat(H2Tables.of(database.journal()).rows("T")).containsOnlyKeys(Key.of(2L));
        assertThat(JournalVerification.of(database.journal()).gaps()).isEqualTo(1);
    }

    @Test
    void aDatabaseThatOneServesToTheOther_hasOneRelay_whichFollowsItsOwner() throws Exception {
        String url = database.url() + ";AUTO_SERVER=TRUE";
        UnaryOperator<String> owner = session(separate(), url);
        capture(owner, 1);
        UnaryOperator<String> client = session(separate(), url);
        capture(client, 2);
        settle(client);
        assertThat(ownThreads().filter(thread -> thread.getName().startsWith("penumbra-relay-")))
                .hasSize(1);
        run(owner, "SHUTDOWN");
        assertThat(ownThreads()).isEmpty();
        // H2 opens the database again, here.
        await().until(() -> client.apply("INSERT INTO T VALUES(3, 'row')").isEmpty());
        settle(client);
        close(client);
        assertThat(ownThreads()).isEmpty();
        assertJournalled(1, 2, 3);
    }

    @Test
    void twoCopiesOfPenumbraAtOneH2_areNotLetCaptureOneDatabase() throws Exception {
        URLClassLoader h2 =
                new URLClassLoader(urls(places(List.of(Driver.class)).stream()), ClassLoader.getPlatformClassLoader());
        ClassLoader first = allBut(Set.of(), h2);
        ClassLoader second = allBut(Set.of(), h2);
        ClassLoader before = Thread.currentThread().getContextClassLoader();
        try {
            // H2 looks for the classes of triggers and aliases in the caller's context.
            Thread.currentThread().setContextClassLoader(first);
            UnaryOperator<String> one = session(first, database.url());
            capture(one, 1);
            settle(one);
            Thread.currentThread().setContextClassLoader(second);
            UnaryOperator<String> other = session(second, database.url());
            run(other, "CREATE ALIAS OTHER_INSTALL FOR 'dev.penumbra.h2.Capture.install'");
            run(other, "CREATE TABLE U(ID BIGINT PRIMARY KEY)");
            assertThat(other.apply("CALL OTHER_INSTALL('U', '" + database.journal() + "')"))
                    .contains("PENUMBRA-1016")
                    .contains("class loader");
            assertThat(other.apply("CREATE TRIGGER X AFTER INSERT, UPDATE, DELETE ON U FOR EACH ROW"
                            + " CALL \"dev.penumbra.h2.ChangeTrigger\""))
                    .contains("PENUMBRA-1016");
            run(other, "INSERT INTO T VALUES(2, 'row')");
        } finally {
            Thread.currentThread().setContextClassLoader(before);
            close();
        }
        assertJournalled(1, 2);
    }

    @Test
    void aClassLoader_canBeCollected_onceItsDatabaseIsClosed() throws Exception {
        Set<String> own =
                places(Stream.concat(PENUMBRA.stream(), Stream.of(Driver.class)).toList());
        // What is not Penumbra's or H2's stays: Chronicle's threads hold on to the loader of its classes for good.
        ClassLoader libraries = allBut(own, ClassLoader.getPlatformClassLoader());
        List<Reference<ClassLoader>> loaders = new ArrayList<>();
        for (int key = 1; key <= 3; key++) {
            loaders.add(captureInALoaderOfItsOwn(own, libraries, key));
        }
        // The first is held by the thread that it made Chronicle begin, and the last by a cache of the JDK, until the
        // next.
        await().until(() -> {
            System.gc();
            return loaders.get(1).get() == null;
        });
        assertJournalled(1, 2, 3);
    }

    private Reference<ClassLoader> captureInALoaderOfItsOwn(Set<String> own, ClassLoader libraries, int key)
            throws Exception {
        try (URLClassLoader loader = new URLClassLoader(urls(own.stream()), libraries)) {
            UnaryOperator<String> session = session(loader, database.url());
            capture(session, key);
            settle(session);
            close(session);
            opened.remove(session);
            loader.loadClass(Driver.class.getName()).getMethod("unload").invoke(null);
            return new WeakReference<>(loader);
        }
    }
}
