package dev.ejabberdlab.topology;

import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Account;
import dev.ejabberdlab.api.v1alpha1.EjabberdLabSpec.Ejabberd;
import dev.ejabberdlab.api.v1alpha1.Names;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Checks the accounts of a spec. */
final class AccountValidation {

  private static final int MAX_ADMINS = 32;
  private static final int MAX_USERS = 256;

  private final Faults faults;
  private final Map<String, String> pathByName = new HashMap<>();

  AccountValidation(Faults faults) {
    this.faults = faults;
  }

  void check(Ejabberd ejabberd) {
    if (ejabberd.admins() == null) {
      ReferenceLab.ADMINS.forEach(
          a -> pathByName.put(a.name(), "the default of spec.ejabberd.admins"));
    } else {
      accounts("spec.ejabberd.admins", ejabberd.admins(), MAX_ADMINS);
    }
    if (ejabberd.users() != null) {
      accounts("spec.ejabberd.users", ejabberd.users(), MAX_USERS);
    }
  }

  private void accounts(String path, List<Account> accounts, int max) {
    if (accounts.size() > max) {
      faults.add(path, "has %d entries; give %d at most".formatted(accounts.size(), max));
    }
    for (int i = 0; i < accounts.size(); i++) {
      account(path, path + "[" + i + "]", accounts.get(i));
    }
  }

  private void account(String list, String path, Account account) {
    if (account == null) {
      faults.add(path, "is empty; give a name");
      return;
    }
    if (account.passwordFrom() != null) {
      new ReferenceValidation(faults).key(path + ".passwordFrom", account.passwordFrom());
    }
    if (account.name() == null) {
      faults.add(path + ".name", "is missing; give the local part of the account's JID");
      return;
    }
    if (!faults.text(
        path + ".name",
        account.name(),
        Names.ACCOUNT,
        64,
        "a name of lower-case letters, digits, dots, _ and -; give one like max")) {
      return;
    }
    String other = pathByName.putIfAbsent(account.name(), list);
    if (other != null) {
      faults.add(
          path + ".name", "account %s is in %s too; name it once".formatted(account.name(), other));
    }
  }
}
