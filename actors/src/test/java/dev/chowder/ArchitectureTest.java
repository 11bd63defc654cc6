package dev.chowder;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.pekko.persistence.jdbc.db.SlickDatabaseProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The rules of {@code actors} that no compiler checks. */
class ArchitectureTest {
  private static final JavaClasses ACTORS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(location -> !location.contains("/proto/"))
          .withImportOption(location -> !location.contains("chowder-proto"))
          .importPackages("dev.chowder");

  /** What decides, and what it decides about: top-level classes by their names, parts included. */
  private static final DescribedPredicate<JavaClass> PURE =
      DescribedPredicate.describe(
          "are rules or states",
          c -> outermost(c).getSimpleName().matches(".+(Lifecycle|State|Update)"));

  private static final ArchRule RULES_KNOW_THEIR_AGGREGATE_ALONE =
      classes()
          .that(PURE)
          .should(new KnowOnlyItsOwnPackage())
          .because("a rule is read, tested and trusted without an actor system, a clock or a disk");

  private static final ArchRule RULES_HAVE_NO_CLOCK_AND_NO_DICE =
      noClasses()
          .that(PURE)
          .should()
          .callMethodWhere(
              DescribedPredicate.describe(
                  "time, an id or chance is taken from", call -> isClockOrDice(call.getTarget())))
          .because("time, ids and randomness enter at the edge and travel in the command");

  private static final ArchRule DOCKER_IS_KNOWN_TO_ITS_DRIVER_ALONE =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.chowder.sandbox.docker..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.github.dockerjava..");

  private static final ArchRule NOTHING_IS_SERVED_HERE =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.chowder.api..", "dev.chowder.server..", "io.grpc..");

  private static final ArchRule THE_JOURNALS_FORMAT_IS_KNOWN_TO_ITS_TRANSLATORS_ALONE =
      noClasses()
          .that(
              DescribedPredicate.describe(
                  "do not translate to or from the journal",
                  c -> !outermost(c).getSimpleName().matches(".*(Journal.*|Snapshots)")))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.chowder.journal..")
          .because("what lies in the database for ever shares no class with what crosses nodes");

  private static final ArchRule SQL_STAYS_WITH_THE_TABLES =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.chowder.storage..", "dev.chowder.secret..", "dev.chowder.key..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "javax.sql..", "org.jdbi..");

  private static final ArchRule CONFIGURATION_IS_READ_BY_SETTINGS_ALONE =
      noClasses()
          .that()
          .haveSimpleNameNotEndingWith("Settings")
          .and(
              DescribedPredicate.describe(
                  "are not made by Pekko, which hands its configuration over",
                  c -> !c.isAssignableTo(SlickDatabaseProvider.class)))
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.typesafe.config..");

  private static final ArchRule PACKAGES_HAVE_NO_CYCLES =
      slices().matching("dev.(**)").should().beFreeOfCycles();

  private static final ArchRule EVERY_PACKAGE_IS_NULL_MARKED =
      classes().should(new InNullMarkedPackage());

  @Test
  void rulesKnowTheirAggregateAlone() {
    RULES_KNOW_THEIR_AGGREGATE_ALONE.check(ACTORS);
  }

  @Test
  void rulesAndStatesHaveNoClockAndNoDice() {
    RULES_HAVE_NO_CLOCK_AND_NO_DICE.check(ACTORS);
  }

  @Test
  void dockerIsKnownToItsDriverAlone() {
    DOCKER_IS_KNOWN_TO_ITS_DRIVER_ALONE.check(ACTORS);
  }

  @Test
  void nothingIsServedHere() {
    NOTHING_IS_SERVED_HERE.check(ACTORS);
  }

  @Test
  void theJournalsFormatIsKnownToItsTranslatorsAlone() {
    THE_JOURNALS_FORMAT_IS_KNOWN_TO_ITS_TRANSLATORS_ALONE.check(ACTORS);
  }

  @Test
  void sqlStaysWithTheTables() {
    SQL_STAYS_WITH_THE_TABLES.check(ACTORS);
  }

  @Test
  void configurationIsReadBySettingsAlone() {
    CONFIGURATION_IS_READ_BY_SETTINGS_ALONE.check(ACTORS);
  }

  @Test
  void packagesHaveNoCycles() {
    PACKAGES_HAVE_NO_CYCLES.check(ACTORS);
  }

  @Test
  void everyPackageIsNullMarked() {
    EVERY_PACKAGE_IS_NULL_MARKED.check(ACTORS);
  }

  @Test
  void theseRulesCanFail() {
    JavaClasses bad = new ClassFileImporter().importClasses(CanaryLifecycle.class);
    for (ArchRule rule :
        List.of(
            RULES_KNOW_THEIR_AGGREGATE_ALONE,
            RULES_HAVE_NO_CLOCK_AND_NO_DICE,
            DOCKER_IS_KNOWN_TO_ITS_DRIVER_ALONE,
            NOTHING_IS_SERVED_HERE,
            THE_JOURNALS_FORMAT_IS_KNOWN_TO_ITS_TRANSLATORS_ALONE,
            SQL_STAYS_WITH_THE_TABLES,
            CONFIGURATION_IS_READ_BY_SETTINGS_ALONE,
            EVERY_PACKAGE_IS_NULL_MARKED)) {
      assertThat(rule.evaluate(bad).hasViolation()).as(rule.getDescription()).isTrue();
    }
  }

  @Test
  void allOfTheModuleIsLookedAt() {
    assertThat(ACTORS.stream().map(JavaClass::getPackageName))
        .contains(
            "dev.chowder.instance",
            "dev.chowder.organization",
            "dev.chowder.storage",
            "dev.chowder.sandbox.docker")
        .doesNotContain("dev.chowder.api.v1", "dev.chowder.journal.v1");
    assertThat(ACTORS.stream().filter(PURE).map(JavaClass::getSimpleName))
        .contains("InstanceLifecycle", "OrganizationLifecycle", "OrganizationUpdate", "Active");
  }

  private static JavaClass outermost(JavaClass c) {
    return c.getEnclosingClass().map(ArchitectureTest::outermost).orElse(c);
  }

  private static boolean isClockOrDice(AccessTarget.MethodCallTarget target) {
    String name = target.getName();
    return (target.getOwner().isEquivalentTo(Instant.class) && name.equals("now"))
        || target.getOwner().isEquivalentTo(Clock.class)
        || target.getOwner().isEquivalentTo(InstantSource.class)
        || (target.getOwner().isEquivalentTo(UUID.class) && name.equals("randomUUID"))
        || (target.getOwner().isEquivalentTo(System.class)
            && Set.of("currentTimeMillis", "nanoTime", "getenv", "getProperty").contains(name))
        || (target.getOwner().isEquivalentTo(Math.class) && name.equals("random"))
        || target.getOwner().isAssignableTo(java.util.random.RandomGenerator.class);
  }

  private static final class KnowOnlyItsOwnPackage extends ArchCondition<JavaClass> {
    KnowOnlyItsOwnPackage() {
      super("depend only on java.., org.jspecify.., org.pcollections.. and their own package");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      item.getDirectDependenciesFromSelf().stream()
          .filter(
              dependency -> {
                String target = dependency.getTargetClass().getBaseComponentType().getPackageName();
                return !target.equals(item.getPackageName())
                    && !target.matches("(java|org[.]jspecify|org[.]pcollections)([.].*)?")
                    && !dependency.getTargetClass().getBaseComponentType().isPrimitive();
              })
          .forEach(
              dependency ->
                  events.add(SimpleConditionEvent.violated(item, dependency.getDescription())));
    }
  }

  private static final class InNullMarkedPackage extends ArchCondition<JavaClass> {
    InNullMarkedPackage() {
      super("be in a package that is @NullMarked");
    }

    @Override
    public void check(JavaClass item, ConditionEvents events) {
      JavaPackage home = item.getPackage();
      if (!home.isAnnotatedWith(NullMarked.class)) {
        events.add(
            SimpleConditionEvent.violated(
                item, home.getName() + " has no @NullMarked package-info"));
      }
    }
  }
}
