"""The root of all addresses: the Django admin, the portal, and the pages for errors."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("recordings.urls")),
]

handler400 = "recordings.views.errors.bad_request"
handler403 = "recordings.views.errors.forbidden"
handler404 = "recordings.views.errors.not_found"
handler500 = "recordings.views.errors.server_error"
