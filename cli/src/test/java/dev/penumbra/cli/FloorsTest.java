package dev.penumbra.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.penumbra.model.api.Incubating;
import dev.penumbra.model.api.Internal;
import dev.penumbra.model.api.Stable;
import java.time.Clock;
import java.util.Arrays;

/** A module uses only the floors below it; the house is drawn in {@code docs/concepts.md}. */
@AnalyzeClasses(packages = "dev.penumbra", importOptions = ImportOption.DoNotIncludeTests.class)
class FloorsTest {
    private static final String MODEL = "dev.penumbra.model..";
    private static final String JOURNAL = "dev.penumbra.journal..";
    private static final String CAPTURE = "dev.penumbra.capture..";
    private static final String H2 = "dev.penumbra.h2..";
    private static final String DERBY = "dev.penumbra.derby..";
    private static final String AFFINITY = "dev.penumbra.affinity..";
    private static final String SHADOW = "dev.penumbra.shadow..";
    private static final String SIMULATOR = "dev.penumbra.simulator..";
    private static final String IGNITE = "dev.penumbra.ignite..";
    private static final String CLI = "dev.penumbra.cli..";
    private static final String ALL = "dev.penumbra..";

    @ArchTest
    static final ArchRule model_standsOnTheJdkAlone = classes()
            .that()
            .resideInAPackage(MODEL)
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(MODEL, "java..", "org.jspecify..");

    @ArchTest
    static final ArchRule publicTypes_sayWhoMayRelyOnThem = classes()
            .that()
            .arePublic()
            .and()
            .areTopLevelClasses()
            .and()
            .areNotAnnotations()
            .and()
            .doNotHaveSimpleName("package-info")
            .should()
            .beAnnotatedWith(Stable.class)
            .orShould()
            .beAnnotatedWith(Incubating.class)
            .orShould()
            .beAnnotatedWith(Internal.class);

    @ArchTest
    static final ArchRule journal_usesTheModel = floor(JOURNAL, MODEL);

    @ArchTest
    static final ArchRule capture_usesTheJournalAndTheModel = floor(CAPTURE, JOURNAL, MODEL);

    @ArchTest
    static final ArchRule h2Triggers_useCaptureAndWhatIsBelow = floor(H2, CAPTURE, JOURNAL, MODEL);

    @ArchTest
    static final ArchRule derbyTriggers_useCaptureAndWhatIsBelow = floor(DERBY, CAPTURE, JOURNAL, MODEL);

    @ArchTest
    static final ArchRule affinity_usesTheModel = floor(AFFINITY, MODEL);

    @ArchTest
    static final ArchRule shadowCache_usesAffinityAndTheModel = floor(SHADOW, AFFINITY, MODEL);

    @ArchTest
    static final ArchRule simulator_usesTheShadowCacheAndTheModel = floor(SIMULATOR, SHADOW, MODEL);

    @ArchTest
    static final ArchRule simulator_isUsedByTheCommandLineAlone = noClasses()
            .that()
            .resideInAPackage(ALL)
            .and()
            .resideOutsideOfPackages(SIMULATOR, CLI)
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SIMULATOR);

    /** A simulated run would otherwise not be decided by its seed alone. */
    @ArchTest
    static final ArchRule whatDecidesAboutAnswers_isHandedItsClock = noClasses()
            .that()
            .resideInAnyPackage("dev.penumbra.shadow.read..", SIMULATOR)
            .should()
            .accessTargetWhere(DescribedPredicate.describe("the machine's own clock is read", FloorsTest::readsAClock));

    @ArchTest
    static final ArchRule ignitePlugin_usesNoDatabaseAndNoCommandLine = floor(IGNITE, SHADOW, AFFINITY, JOURNAL, MODEL);

    @ArchTest
    static final ArchRule capture_loadsWithoutIgniteAndWithoutADatabase = noClasses()
            .that()
            .resideInAnyPackage(MODEL, JOURNAL, CAPTURE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.ignite..", "org.h2..", "org.apache.derby..");

    @ArchTest
    static final ArchRule triggers_loadWithoutIgnite = noClasses()
            .that()
            .resideInAnyPackage(H2, DERBY)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.ignite..");

    @ArchTest
    static final ArchRule ignitesInternals_areTouchedInOneRoom = noClasses()
            .that()
            .resideInAPackage(ALL)
            .and()
            .resideOutsideOfPackage("dev.penumbra.ignite.internal..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache.ignite.internal..");

    @ArchTest
    static final ArchRule h2sInternals_areTouchedInOneModule = noClasses()
            .that()
            .resideInAPackage(ALL)
            .and()
            .resideOutsideOfPackage(H2)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.h2.engine..", "org.h2.mvstore..", "org.h2.table..", "org.h2.schema..");

    @ArchTest
    static final ArchRule derbysInternals_areTouchedInOneModule = noClasses()
            .that()
            .resideInAPackage(ALL)
            .and()
            .resideOutsideOfPackage(DERBY)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.derby.iapi..", "org.apache.derby.impl..");

    @ArchTest
    static final ArchRule nothing_isJavaDeserialized = noClasses()
            .that()
            .resideInAPackage(ALL)
            .should()
            .dependOnClassesThat()
            .haveNameMatching(
                    "java\\.io\\.(ObjectInputStream|ObjectInput|Externalizable)"
                            + "|org\\.apache\\.ignite\\.(internal\\.)?marshaller\\..*"
                            + "|net\\.openhft\\.chronicle\\.wire\\.(ValueIn|WireIn|Marshallable|ReadMarshallable|.*MethodReader.*)")
            .orShould()
            .callMethodWhere(DescribedPredicate.describe(
                    "a record's bytes choose the class",
                    call -> call.getName().equals("readClassAndObject")
                            || call.getName().equals("methodReader")
                            || call.getName().equals("readClass")));

    private static boolean readsAClock(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String name = access.getName();
        if (owner.equals(System.class.getName())) {
            return name.equals("currentTimeMillis") || name.equals("nanoTime");
        }
        if (owner.equals(Clock.class.getName())) {
            return name.startsWith("system");
        }
        return owner.startsWith("java.time.")
                && name.equals("now")
                && !access.getTarget().getFullName().endsWith("(" + Clock.class.getName() + ")");
    }

    private static ArchRule floor(String module, String... below) {
        return noClasses()
                .that()
                .resideInAPackage(module)
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "another floor of the house",
                        used -> used.getPackageName().startsWith("dev.penumbra.")
                                && Arrays.stream(below).noneMatch(floor -> matches(floor, used.getPackageName()))
                                && !matches(module, used.getPackageName())));
    }

    private static boolean matches(String floor, String packageName) {
        String root = floor.substring(0, floor.length() - 2);
        return packageName.equals(root) || packageName.startsWith(root + ".");
    }
}
