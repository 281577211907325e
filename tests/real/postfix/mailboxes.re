# The mailboxes of every domain.
/^(known|disabled|full|tempfull|postmaster|jörg)@/ mailbox/
/^r[0-9]+@/ mailbox/
