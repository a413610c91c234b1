from django.db import migrations

from recordings import search_index


class Migration(migrations.Migration):
    dependencies = [("recordings", "0011_quick_library")]

    operations = [migrations.RunPython(search_index.narrow, search_index.widen)]
