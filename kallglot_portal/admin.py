"""The Django admin, for administrators only; to everybody else it does not exist."""

from functools import wraps

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator


class PortalAdminSite(AdminSite):
    site_header = "Kallglot Portal"
    site_title = "Kallglot Portal"
    index_title = "Administration"

    def has_permission(self, request) -> bool:
        return request.user.is_active and request.user.has_perm("recordings.administer_portal")

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        from recordings.models import AuditAction
        from recordings.views import refusals

        @wraps(inner)
        def not_there_for_others(request, *args, **kwargs):
            if request.user.is_authenticated and not self.has_permission(request):
                refusals.record(request, AuditAction.PAGE, None, "administer_portal")
                raise Http404
            return inner(request, *args, **kwargs)

        # Django leaves its admin out of the sign-in rule, for its own form's sake.
        not_there_for_others.login_required = True
        return not_there_for_others

    @method_decorator(login_not_required)
    def login(self, request, extra_context=None):
        """There is one sign-in form, with one set of limits: the portal's."""
        return redirect(reverse("login", query={"next": reverse("admin:index")}))

    @method_decorator(login_not_required)
    def logout(self, request, extra_context=None):
        from recordings.views.sign_in import SignOut

        return SignOut.as_view()(request)


class PortalAdminConfig(AdminConfig):
    default_site = "kallglot_portal.admin.PortalAdminSite"
