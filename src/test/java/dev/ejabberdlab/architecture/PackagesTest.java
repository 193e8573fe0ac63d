package dev.ejabberdlab.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.equivalentTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.ejabberdlab.api.v1alpha1.EjabberdLab;
import dev.ejabberdlab.guest.GuestChannel;
import dev.ejabberdlab.hypervisor.Hypervisor;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The direction in which packages know each other: api → topology → observe → failover → provision
 * → plan → act → status → controller.
 */
class PackagesTest {

  private static final String ROOT = "dev.ejabberdlab";
  private static final Path SOURCES = Path.of("src/main/java/dev/ejabberdlab");

  private static final String API = ROOT + ".api..";
  private static final String TOPOLOGY = ROOT + ".topology";
  private static final String HYPERVISOR = ROOT + ".hypervisor";
  private static final String LIBVIRT = ROOT + ".hypervisor.libvirt..";
  private static final String GUEST = ROOT + ".guest";
  private static final String CERTIFICATE = ROOT + ".certificate";
  private static final String PROVISION = ROOT + ".provision";
  private static final String OBSERVE = ROOT + ".observe";
  private static final String FAILOVER = ROOT + ".failover";
  private static final String PLAN = ROOT + ".plan";
  private static final String ACT = ROOT + ".act";
  private static final String STATUS = ROOT + ".status";
  private static final String CONTROLLER = ROOT + ".controller";
  private static final String LOG_CONTEXT = ROOT + ".log";

  private static final String JAVA = "java..";
  private static final String LOG = "org.jboss.logging..";
  private static final String JACKSON = "com.fasterxml.jackson..";
  private static final String KUBERNETES_MODEL = "io.fabric8.kubernetes.api.model..";
  private static final String IP_ADDRESS = "inet.ipaddr..";
  private static final String LIBVIRT_JAVA = "org.libvirt..";
  private static final String JNA = "com.sun.jna..";

  /** Everything that talks to Kubernetes, as opposed to the classes of its resources. */
  private static final String[] KUBERNETES_CLIENTS = {
    "io.fabric8.kubernetes.client..", "io.javaoperatorsdk..", "io.quarkiverse.operatorsdk.."
  };

  /** What is built from src/main: the place where one of its classes comes from. */
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrl(EjabberdLab.class.getProtectionDomain().getCodeSource().getLocation());

  static Stream<ArchRule> directions() {
    return Stream.of(
        knowsOnly(
            API,
            KUBERNETES_MODEL,
            "io.fabric8.kubernetes.model.annotation..",
            "io.fabric8.kubernetes.client",
            "io.fabric8.crd.generator.annotation..",
            "io.fabric8.generator.annotation..",
            JACKSON),
        knowsOnly(TOPOLOGY, API, KUBERNETES_MODEL, IP_ADDRESS, JACKSON),
        knowsOnly(LOG_CONTEXT, LOG),
        knowsOnly(HYPERVISOR),
        knowsOnly(
            LIBVIRT,
            HYPERVISOR,
            LOG_CONTEXT,
            LIBVIRT_JAVA,
            JNA,
            LOG,
            IP_ADDRESS,
            "javax.xml..",
            "org.w3c.dom..",
            "org.xml.sax.."),
        knowsOnly(GUEST, HYPERVISOR, JACKSON, "org.apache.commons.compress.."),
        knowsOnly(CERTIFICATE, "org.bouncycastle..", "javax.security.auth.x500.."),
        knowsOnly(
            PROVISION,
            API,
            TOPOLOGY,
            GUEST,
            CERTIFICATE,
            FAILOVER,
            IP_ADDRESS,
            JACKSON,
            "io.quarkus.qute..",
            "com.ongres.saslprep..",
            "javax.crypto.."),
        knowsOnly(OBSERVE, API, TOPOLOGY, HYPERVISOR, GUEST, LOG_CONTEXT, LOG),
        knowsOnly(FAILOVER, API, TOPOLOGY, HYPERVISOR, GUEST, OBSERVE),
        knowsOnly(PLAN, API, TOPOLOGY, HYPERVISOR, GUEST, OBSERVE, FAILOVER),
        knowsOnly(ACT, HYPERVISOR, GUEST, PLAN, LOG_CONTEXT, LOG),
        knowsOnly(
            STATUS, API, TOPOLOGY, HYPERVISOR, GUEST, OBSERVE, FAILOVER, PLAN, KUBERNETES_MODEL));
  }

  private static ArchRule knowsOnly(String who, String... others) {
    return classes()
        .that()
        .resideInAPackage(who)
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                    Stream.concat(Stream.of(who, JAVA), Stream.of(others)).toArray(String[]::new))
                // Arrays and primitive types live in the empty package.
                .or(resideInAnyPackage("")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("directions")
  void direction(ArchRule rule) {
    rule.check(CLASSES);
  }

  @Test
  void nobodyKnowsTheController() {
    noClasses()
        .that(resideOutsideOfPackages(CONTROLLER))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(CONTROLLER)
        .check(CLASSES);
  }

  @Test
  void decisionsAreMadeWithoutAskingAnybody() {
    noClasses()
        .that()
        .resideInAnyPackage(API, TOPOLOGY, CERTIFICATE, FAILOVER, PROVISION, PLAN, STATUS)
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(KUBERNETES_CLIENTS)
                // The base class of every resource happens to live there.
                .and(not(equivalentTo(CustomResource.class)))
                .or(resideInAnyPackage(LIBVIRT_JAVA, LIBVIRT))
                .or(assignableTo(Hypervisor.class))
                .or(assignableTo(GuestChannel.class)))
        .check(CLASSES);
  }

  @Test
  void onlyOnePackageKnowsLibvirt() {
    noClasses()
        .that(resideOutsideOfPackages(LIBVIRT))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(LIBVIRT_JAVA, JNA)
        .check(CLASSES);
  }

  @Test
  void theImplementationOfThePortIsChosenInOnePlace() {
    noClasses()
        .that(resideOutsideOfPackages(LIBVIRT, CONTROLLER))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(LIBVIRT)
        .check(CLASSES);
  }

  @Test
  void noPackageKnowsItselfByWayOfOthers() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /**
   * Neither does a class inside its package, with what is nested in it. The records of the API and
   * their builders are one thing.
   */
  @Test
  void noClassKnowsItselfByWayOfOthersOfItsPackage() {
    slices()
        .assignedFrom(
            new SliceAssignment() {
              @Override
              public SliceIdentifier getIdentifierOf(JavaClass c) {
                return resideInAPackage(API).test(c)
                    ? SliceIdentifier.ignore()
                    : SliceIdentifier.of(outermost(c).getName());
              }

              @Override
              public String getDescription() {
                return "classes";
              }
            })
        .should()
        .beFreeOfCycles()
        .check(CLASSES);
  }

  private static JavaClass outermost(JavaClass c) {
    return c.getEnclosingClass().map(PackagesTest::outermost).orElse(c);
  }

  /** Complete, validate, build: neither of the three steps knows the next. */
  @Test
  void theStepsOfTheTopologyKnowOnlyTheirInput() {
    DescribedPredicate<JavaClass> completing = inTopology("CompleteSpec|ReferenceLab|Located");
    DescribedPredicate<JavaClass> checks = inTopology("[A-Za-z]+Validation|Violations");
    DescribedPredicate<JavaClass> building =
        inTopology("LabTopology|Node|TopologyBuilder|Nodes|Addresses");

    noClasses().that(completing).should().dependOnClassesThat(checks.or(building)).check(CLASSES);
    noClasses().that(checks).should().dependOnClassesThat(building).check(CLASSES);
    noClasses()
        .that(building.and(not(inTopology("TopologyBuilder"))))
        .should()
        .dependOnClassesThat(checks)
        .check(CLASSES);
  }

  /** By the name of the outermost class. */
  private static DescribedPredicate<JavaClass> inTopology(String names) {
    return DescribedPredicate.describe(
        "are " + names,
        c -> c.getPackageName().equals(TOPOLOGY) && outermost(c).getSimpleName().matches(names));
  }

  @Test
  void noDrawers() {
    noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?|Utilities)").check(CLASSES);
  }

  @Test
  void timeIsGivenNotTaken() {
    Set<Class<?>> calendars =
        Set.of(
            Instant.class,
            LocalDate.class,
            LocalDateTime.class,
            OffsetDateTime.class,
            ZonedDateTime.class);
    DescribedPredicate<JavaMethodCall> askingTheMachine =
        DescribedPredicate.describe(
            "asking the machine for the time",
            call -> {
              JavaClass owner = call.getTargetOwner();
              String method = call.getTarget().getName();
              boolean now =
                  method.equals("now")
                      && call.getTarget().getRawParameterTypes().isEmpty()
                      && calendars.stream().anyMatch(owner::isEquivalentTo);
              boolean millis =
                  owner.isEquivalentTo(System.class) && method.equals("currentTimeMillis");
              boolean clock = owner.isEquivalentTo(Clock.class) && method.startsWith("system");
              return now || millis || clock;
            });

    noClasses()
        .that(resideOutsideOfPackages(CONTROLLER))
        .should()
        .callMethodWhere(askingTheMachine)
        .orShould()
        .callConstructor(Date.class)
        .check(CLASSES);
  }

  static List<Path> packages() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      return files
          .filter(f -> f.toString().endsWith(".java"))
          .map(Path::getParent)
          .distinct()
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("packages")
  void everyPackageSaysWhatItIsFor(Path directory) throws IOException {
    assertThat(Files.readString(directory.resolve("package-info.java")))
        .startsWith("/**\n")
        .endsWith("package " + ROOT + dots(directory) + ";\n");
  }

  private static String dots(Path directory) {
    Path inside = SOURCES.relativize(directory);
    return inside.toString().isEmpty() ? "" : "." + inside.toString().replace('/', '.');
  }

  @Test
  void theTableIsComplete() {
    assertThat(CLASSES)
        .isNotEmpty()
        .allSatisfy(
            c ->
                assertThat(
                        resideInAnyPackage(
                                API,
                                TOPOLOGY,
                                HYPERVISOR,
                                LIBVIRT,
                                GUEST,
                                CERTIFICATE,
                                PROVISION,
                                OBSERVE,
                                FAILOVER,
                                PLAN,
                                ACT,
                                STATUS,
                                LOG_CONTEXT,
                                CONTROLLER)
                            .test(c))
                    .as("%s is in a package with a rule", c.getName())
                    .isTrue());
  }
}
