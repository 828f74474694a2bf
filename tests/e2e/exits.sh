#!/bin/bash
# Exit statuses 0, 1, 3, 4, 5, 7 and 2 as the server's answers give them, with sentences that say what, on what, what next.
. "$(dirname "$0")/staged.sh"
furnish

ends_with 0 'alice' as admin user list
ends_with 0 '"schema":"sallyport.user.list/2"' as admin user list -o json
ends_with 3 'bob.*\(request ' as admin user show bob
ends_with 5 'request ' as alice user list
ends_with 5 'ask an administrator for a role with the action administer' as alice user list
ends_with 4 'sallyport login' as nobody whoami
ends_with 1 'alice' as admin user add alice
ends_with 2 '.' as admin user add 'Bad Name'
ends_with 2 'a time like' as admin account set root@web1 --longest soon
ends_with 2 'yes or no' as admin user set alice --enabled maybe
ends_with 2 'private key' as admin user key add alice "$stage/home/.ssh/id_ed25519"
ends_with 3 'no active checkout' as alice checkin
ends_with 3 '.' as alice checkin 'aaaaaaaaaaaaaaaa'
ends_with 0 'otp' as admin user show alice
ends_with 0 'unsealed' as admin status
ends_with 0 '"openapi"' as admin openapi
as admin user set alice --enabled no > /dev/null
ends_with 4 '.' as alice whoami
as admin user set alice --enabled yes > /dev/null
ends_with 0 'sealed' as admin seal
ends_with 1 'unseal' as admin user list
stop_server
ends_with 7 '.' as admin user list

# A token is a file of its owner alone.
[[ -z $(find "$stage/people/admin/run" -type f ! -perm 600) ]] || fail "a token file is open to others"
echo "as expected"
