"""Sign-in of users: staff and merchants, by password and authenticator or through an identity provider."""
