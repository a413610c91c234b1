"""What administrators see under /admin/: people, roles, teams and which team a call belongs to."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.shortcuts import render

from recordings.models import Session, Team
from recordings.services import administrators


class KeepsAnAdministrator:
    """Refuses each change after which no administrator would be left; for a `ModelAdmin`.

    Covers the form, the deletion and the actions of the list.
    """

    def changeform_view(self, request, *args, **kwargs):
        return self._kept(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request, *args, **kwargs):
        return self._kept(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request, *args, **kwargs):
        return self._kept(request, super().changelist_view, *args, **kwargs)

    def _kept(self, request, view, *args, **kwargs):
        if request.method != "POST":
            return view(request, *args, **kwargs)
        try:
            with administrators.one_is_left():
                return view(request, *args, **kwargs)
        except administrators.NoneLeft:
            # Django has noted its success already.
            get_messages(request)._queued_messages.clear()
            return _refusal(request)


def _refusal(request) -> HttpResponse:
    sentence = (
        "After this change there would be no administrator left, so nothing was changed. "
        "Give another active user the role Administrator first."
    )
    context = {"title": "The last administrator", "sentence": sentence}
    return render(request, "error.html", context, status=409)


admin.site.unregister([User, Group])


@admin.register(User)
class PortalUserAdmin(KeepsAnAdministrator, UserAdmin):
    def user_change_password(self, request, id, form_url=""):
        # Before the change: Django gives the session of the own account a new key with it.
        if request.POST.get("usable_password") == "false" and administrators.is_last(id):
            return _refusal(request)
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class PortalGroupAdmin(KeepsAnAdministrator, GroupAdmin):
    pass


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name"]
    search_fields = ["name"]
    filter_horizontal = ["members"]


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin):
    """Only the team can be changed: everything else is Kallglot's word."""

    list_display = ["kallglot_id", "started_at", "status", "team"]
    list_filter = ["team"]
    list_select_related = ["team"]
    search_fields = ["kallglot_id"]
    fields = ["kallglot_id", "team", "status", "started_at", "ended_at", "first_seen"]
    readonly_fields = ["kallglot_id", "status", "started_at", "ended_at", "first_seen"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
