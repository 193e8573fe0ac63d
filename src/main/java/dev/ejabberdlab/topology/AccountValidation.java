package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Ejabberd;
import dev.ejabberdlab.api.v1alpha1.Limits;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Checks the accounts of a spec. */
final class AccountValidation {

  private final Violations violations;

  /** What a sentence calls the list that an account is in, by the account's name. */
  private final Map<String, String> pathByName = new HashMap<>();

  AccountValidation(Violations violations) {
    this.violations = violations;
  }

  /**
   * @param ejabberd complete
   * @param adminsPath what a sentence calls the list of administrators
   */
  void check(Ejabberd ejabberd, String adminsPath) {
    accounts(adminsPath, ejabberd.admins(), Limits.ADMINS);
    accounts("spec.ejabberd.users", ejabberd.users(), Limits.USERS);
  }

  private void accounts(String path, List<Account> accounts, int max) {
    violations.atMost(path, accounts.size(), max);
    for (int i = 0; i < accounts.size(); i++) {
      account(path, path + "[" + i + "]", accounts.get(i));
    }
  }

  private void account(String list, String path, Account account) {
    if (account == null) {
      violations.add(path, "is empty; give a name");
      return;
    }
    if (account.passwordFrom() != null) {
      new ReferenceValidation(violations).key(path + ".passwordFrom", account.passwordFrom());
    }
    if (account.name() == null) {
      violations.add(path + ".name", "is missing; give the local part of the account's JID");
      return;
    }
    if (!violations.text(
        path + ".name",
        account.name(),
        Names.ACCOUNT,
        Limits.ACCOUNT,
        "a name of lower-case letters, digits, dots, _ and -; give one like max")) {
      return;
    }
    String other = pathByName.putIfAbsent(account.name(), list);
    if (other != null) {
      violations.add(
          path + ".name", "account %s is in %s too; name it once".formatted(account.name(), other));
    }
  }
}
