"""What administrators see under /admin/: people, roles, teams and which team a call belongs to."""

from django.contrib import admin

from recordings.models import Session, Team


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
