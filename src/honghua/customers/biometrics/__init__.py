"""Three biometric modules behind ports – liveness, face, lips that say random digits –, challenges used once, devices bound to persons."""
