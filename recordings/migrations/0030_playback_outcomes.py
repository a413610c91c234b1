from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0029_check_known_calls")]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("started", "Started"),
                    ("no_audio", "Got no audio after all"),
                    ("done", "Done"),
                    ("refused", "Refused"),
                    ("failed", "Failed before the first byte"),
                    ("incomplete", "Broke off"),
                ],
                max_length=20,
            ),
        ),
    ]
