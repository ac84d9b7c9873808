package lucid.nn.hub;

/// What a refusing answer of the hub means, and what to do about it.
record Refusal(HubSettings settings, RepoId repo, String what) {
    String message(int status, String code, String said) {
        String start = "hub: " + what + ": the server answered " + status + (said.isEmpty() ? "" : " (" + said + ")") + ": ";
        return start + switch (status) {
            case 401, 403 -> code.equals("GatedRepo") ? gated() : noAccess(status);
            case 404 -> missing(code);
            default -> "wanted 200. Is HF_ENDPOINT (" + settings.endpoint() + ") a hub?";
        };
    }

    /// Another host got no token and knows no model: what it refuses is the link that the hub gave.
    String elsewhere(int status, String host) {
        return "hub: " + what + ": " + host + ", where the hub sends for the file, answered " + status
                + ": the download link was refused (expired?), wanted 200. Try again: the hub gives a new one;"
                + " or something between refuses the host";
    }

    private String gated() {
        String page = settings.endpoint() + "/" + repo.name();
        return settings.token() == null ? repo.name() + " is gated. Accept its conditions at " + page
                + ", then set HF_TOKEN to a token of that account (or log in with the hf tool)"
                : repo.name() + " is gated, and the account of the token (" + settings.tokenSource()
                        + ") has no access. Accept its conditions at " + page;
    }

    // The hub answers 401 for what does not exist, too, so that private names stay private.
    private String noAccess(int status) {
        if (settings.token() == null)
            return repo.name() + " does not exist, or is private. If it is private or gated, set HF_TOKEN (or log in with the hf tool, which writes "
                    + settings.tokenSource() + ")";
        return status == 401 ? "the token (" + settings.tokenSource() + ") is not valid, or " + repo.name() + " does not exist" : "the token ("
                + settings.tokenSource() + ") may not read " + repo.name();
    }

    private String missing(String code) {
        return switch (code) {
            case "RevisionNotFound" -> repo.name() + " has no revision \"" + repo.revision() + "\"; wanted a branch, tag or commit of it";
            case "EntryNotFound" -> repo + " has no such file";
            case "RepoNotFound" -> "there is no model " + repo.name() + "; is the name spelt as on the hub?";
            default -> "there is no such model, revision or file; is " + repo + " spelt as on the hub?";
        };
    }
}
