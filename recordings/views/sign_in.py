"""Signing in and out."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator

from kallglot_portal.middleware import SIGNED_IN
from kallglot_portal.passwords import Busy
from recordings.forms import SignInForm


def locked(request, original_response, credentials):
    """The page after too many wrong passwords; django-axes asks for it."""
    response = render(request, "registration/locked.html", status=429)
    response["Retry-After"] = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    return response


class SignIn(LoginView):
    """Django's form; a visitor who is signed in already goes on to the library."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def post(self, request, *args, **kwargs):
        try:
            return super().post(request, *args, **kwargs)
        except Busy as error:
            context = {
                "title": "One moment, please",
                "sentence": "Many users are signing in right now. Please try again in a moment.",
            }
            response = render(request, "error.html", context, status=503)
            response["Retry-After"] = str(error.wait_s)
            return response

    def get_redirect_url(self):
        """The page to go on to; never the sign-in itself, which would lead here again."""
        url = super().get_redirect_url()
        # Checked by Django: it has no other host and can be split.
        is_page = url and urlsplit(url).path not in (reverse("login"), reverse("logout"))
        return url if is_page else ""

    def form_valid(self, form):
        response = super().form_valid(form)
        # The absolute limit counts from the last time a password was given.
        self.request.session[SIGNED_IN] = datetime.now(UTC).timestamp()
        return response


# Signing out twice, as from a second tab, is no reason to ask for a password.
@method_decorator(login_not_required, name="dispatch")
class SignOut(LogoutView):
    """Ends the session; a browser on a shared machine is told to forget what it kept."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response
